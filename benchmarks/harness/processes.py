"""Child processes of a run: started in a session of their own, stopped in order, killed only when they hang."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STOPPED_WITHIN = 40.0


class RunError(Exception):
    """A run did not come to its end. The text says what was expected, what came, and the last lines of its log."""


@asynccontextmanager
async def running(
    command: tuple[str, ...], environment: Mapping[str, str], log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command until the block ends; stop it by SIGTERM."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | environment | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOPPED_WITHIN)
        except (TimeoutError, asyncio.CancelledError):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    with suppress(ProcessLookupError):  # children that outlive their parent
        os.killpg(process.pid, signal.SIGKILL)


async def finish(command: tuple[str, ...], environment: Mapping[str, str], log: Path, within: float) -> None:
    """Run a command to its end."""
    async with running(command, environment, log) as process:
        try:
            code = await asyncio.wait_for(process.wait(), within)
        except TimeoutError:
            raise RunError(f"expected {command[2]} to end within {within:.0f} s, but it did not\n{tail(log)}") from None
    if code:
        raise RunError(f"expected {command[2]} to succeed, got exit code {code}\n{tail(log)}")


class Collector:
    """The collector process, as the run sees it."""

    def __init__(self, process: asyncio.subprocess.Process, file: Path) -> None:
        self._process = process
        self._file = file
        self.pid = process.pid
        self.reached: dict[int, float] = {}

    async def until(self, count: int) -> float:
        """Wait until so many completions have arrived; return when the last of them did."""
        while count not in self.reached:
            line = await self._process.stdout.readline()
            if not line:
                raise RunError("expected the collector to go on, but it ended")
            said = json.loads(line)
            self.reached[said["count"]] = said["at"]
        return self.reached[count]

    async def arrivals(self) -> list[tuple[str, float]]:
        """End it and return the document id and the time of every completion."""
        self._process.stdin.close()
        await self._process.wait()
        return [tuple(each) for each in json.loads(self._file.read_text())]


@asynccontextmanager
async def collecting(environment: Mapping[str, str], folder: Path, marks: list[int]) -> AsyncIterator[Collector]:
    """Run a collector that tells when so many completions have arrived."""
    file = folder / "arrivals.json"
    command = (sys.executable, "-m", "benchmarks.harness.collector", str(file), *map(str, marks))
    with (folder / "collector.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | environment,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    collector = Collector(process, file)
    try:
        await collector.until(0)
        yield collector
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(f"    {line[:300]}" for line in text.splitlines()[-lines:])


async def until_either(work: Any, workers: list[asyncio.subprocess.Process], log: Path, within: float) -> Any:
    """Await `work`; fail when a worker ends or the time is over."""
    ends = [asyncio.create_task(worker.wait()) for worker in workers]
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task, *ends], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        ended = [worker.returncode for worker in workers if worker.returncode is not None]
        why = f"a worker ended with code {ended[0]}" if ended else f"it was not there within {within:.0f} s"
        raise RunError(f"expected all completions, but {why}\n{tail(log)}")
    finally:
        for each in (task, *ends):
            each.cancel()
