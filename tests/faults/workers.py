"""The service under supervision: a worker that ends is started again, as Kubernetes would, and each end is counted."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.local.processes import PROC
from service.settings import Settings
from tests.support.processes import ROOT, ServiceProcess, environment, free_port

SAMPLE_SECONDS = 0.2
BACK_OFF = 0.5
"""Seconds until an ended worker is started again."""


@dataclass(frozen=True)
class Make:
    """What a worker is made of."""

    app: str = "service.app:app"
    tree: Path = ROOT
    """Folder that holds the packages `service` and `schemas`."""
    variables: dict[str, str] = field(default_factory=dict)


class Worker:
    """One place for a worker. There is a process in it nearly always."""

    def __init__(self, settings: Settings, make: Make) -> None:
        self._settings = settings
        self._make = make
        self.port = free_port()
        self.process: ServiceProcess
        self.ends: list[int] = []
        """Exit codes of the processes that ended before they were told to by `stop`."""
        self.peak = 0
        """Largest resident memory of one of its processes, in bytes."""
        self._logs: list[str] = []
        self._stopping = False

    @property
    def log(self) -> str:
        """What all its processes wrote."""
        return "".join([*self._logs, self.process.log])

    async def start(self) -> None:
        """Start the first process and the supervision."""
        await self._launch()
        self._tasks = [asyncio.create_task(self._supervise()), asyncio.create_task(self._watch_memory())]

    async def stop(self, within: float) -> int:
        """Ask the process to end; return its exit code."""
        self._stopping = True
        with suppress(ProcessLookupError):
            self.process.process.send_signal(signal.SIGTERM)
        return await self.process.exit_code(within)

    async def remove(self) -> None:
        """End everything of it at once."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._kill_group()
        await self.process.exit_code()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process as it is now."""
        with suppress(ProcessLookupError):
            self.process.process.send_signal(number)

    async def ended(self, times: int, within: float) -> None:
        """Wait until so many of its processes have ended and the next one has been started."""
        async with asyncio.timeout(within):
            while len(self.ends) < times or self.process.process.returncode is not None:
                await asyncio.sleep(0.05)

    async def figure(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        _, body, _ = await self.process.fetch("/metrics")
        lines = [line for line in body.decode().splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    async def _launch(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "faststream", "run", self._make.app, "--port", str(self.port)),
            cwd=self._make.tree,
            env=environment(self._settings, **self._make.variables),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 24,
        )
        self.process = ServiceProcess(process, self.port)

    async def _supervise(self) -> None:
        while True:
            code = await self.process.process.wait()
            if self._stopping:
                return
            # Its parser processes go with the pod too.
            self._kill_group()
            self._logs.append(self.process.log)
            self.ends.append(code)
            await asyncio.sleep(BACK_OFF)
            await self._launch()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.process.pid, signal.SIGKILL)

    async def _watch_memory(self) -> None:
        while True:
            self.peak = max([self.peak, *map(_peak, self.pids())])
            await asyncio.sleep(SAMPLE_SECONDS)

    def pids(self) -> list[int]:
        """Processes of the worker: its own and those it started."""
        return _session(self.process.process.pid)


def _session(leader: int) -> list[int]:
    found = []
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ProcessLookupError):
                if os.getsid(int(folder.name)) == leader:
                    found.append(int(folder.name))
    return found


def memory(pid: int, name: str) -> int:
    """Return a figure of `/proc/PID/status` in bytes, 0 when the process has ended."""
    with suppress(OSError, ProcessLookupError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) << 10
    return 0


def _peak(pid: int) -> int:
    return memory(pid, "VmHWM")


async def all_ready(workers: Sequence[Worker], within: float) -> None:
    """Wait until every worker does its work."""
    await asyncio.gather(*(worker.process.ready(within) for worker in workers))
