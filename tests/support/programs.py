"""Programs that are run as a reader of a README runs them: by their command, in their folder."""

import asyncio
import os
import re
import shlex
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self

COMMANDS = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(readme: Path) -> list[list[str]]:
    """Return the commands of a README, each split into words; what follows a # is for the reader."""
    blocks = COMMANDS.findall(readme.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


class Program:
    """A program with all that it says. Leaving the block kills it, and whatever it started, when it still runs."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._output = b""
        self._said = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._reader
        await self._process.wait()

    @property
    def output(self) -> str:
        return self._output.decode(errors="replace")

    async def says(self, text: str, within: float) -> None:
        """Wait until it has said this."""
        async with self._said:
            try:
                async with asyncio.timeout(within):
                    await self._said.wait_for(lambda: text in self.output or self._reader.done())
            except TimeoutError:
                raise AssertionError(
                    f"expected {text!r} from {self._command} within {within} s:\n{self.output}"
                ) from None
        assert text in self.output, f"{self._command} ended with {self._process.returncode}:\n{self.output}"

    async def ends(self, within: float) -> int:
        """Wait for its end; its exit code."""
        try:
            async with asyncio.timeout(within):
                code = await self._process.wait()
                await self._reader
        except TimeoutError:
            raise AssertionError(f"expected {self._command} to end within {within} s:\n{self.output}") from None
        return code

    async def stop(self, within: float) -> int:
        """Send SIGTERM and wait for the end."""
        self._process.send_signal(signal.SIGTERM)
        return await self.ends(within)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(1 << 16):
            self._output += data
            async with self._said:
                self._said.notify_all()
        async with self._said:
            self._said.notify_all()
