"""One child process, seen from the service: started, asked, killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from service.documents import Chunk, PreparedDocument
from service.errors import ParserCrashedError, ParserTimeoutError, ParserUnavailableError
from service.ingest import frames
from service.ingest.options import KIB, MIB, IngestOptions
from service.ingest.source import Source

_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; root, *more = sys.argv[3:]; sys.path.insert(0, root); "
    "sys.path += [path for path in more if path not in sys.path]; "
    "from service.ingest.worker import main; main()"
)
_START_TIMEOUT = 30.0
_END_TIMEOUT = 1.0
_PIECE = 256 * KIB
_OUT_OF_TIME = getattr(signal, "SIGXCPU", None)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")


def worker_command(options: IngestOptions) -> tuple[str, ...]:
    """Return the command that starts a child; isolated, so that no environment variable loads code into it.

    It imports from where the service imports, added formats included, but never from the current directory.
    """
    paths = [path for path in sys.path if os.path.isabs(path)]  # noqa: PTH117 - entries are strings
    return (sys.executable, "-I", "-c", _START, str(os.getpid()), str(options.memory_limit), _ROOT, *paths)


class _DiedError(ParserCrashedError):
    """The child has ended before its time."""


class Child:
    """A running child process. It serves one document at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.served = 0
        """Documents it has answered for."""
        self.busy = False
        """Whether it is amid a document; if nobody waits for that any more, it can only be killed."""

    @classmethod
    async def start(cls, command: Sequence[str]) -> Self:
        """Start a child with an environment that holds no secrets, in a session of its own.

        Raises:
            ParserUnavailableError: the system starts no process.

        """
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LANG": "C.UTF-8"}
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, limit=MIB, start_new_session=True
            )
        except OSError as error:
            msg = f"expected to start a parser process, got {error}: is there memory, and a free process number?"
            raise ParserUnavailableError(msg) from error
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its end has not been noticed yet."""
        return self._process.returncode is None

    @property
    def killed(self) -> bool:
        """Whether it was ended from outside, as the system does when all memory is taken."""
        return self._process.returncode == -signal.SIGKILL

    async def ready(self) -> None:
        """Wait until it takes documents.

        Raises:
            ParserUnavailableError: it does not start; that is no document's fault.

        """
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await self._receive()
        except (TimeoutError, ParserCrashedError):
            msg = f"expected a parser process to start within {_START_TIMEOUT:g} s, got none; is the package complete?"
            raise ParserUnavailableError(msg) from None

    async def prepare(self, source: Source, options: IngestOptions) -> PreparedDocument:
        """Return the prepared document.

        Raises:
            ParserTimeoutError: it took longer than `options.parse_timeout`.
            ParserCrashedError: the child died, or said what the worker never says.
            PermanentError: the document is not one that can be read.

        """
        self.busy = True
        try:
            async with asyncio.timeout(options.parse_timeout):
                return await self._exchange(source, options)
        except TimeoutError:
            msg = f"expected the document to be read within {options.parse_timeout:g} s, got no result"
            raise ParserTimeoutError(msg) from None
        except _DiedError:
            raise await self._verdict(source, options) from None

    async def _exchange(self, source: Source, options: IngestOptions) -> PreparedDocument:
        await self._send(frames.request(source, options), source.content)
        body = await self._receive()
        left = frames.largest_reply(options) - len(body)
        try:
            head = frames.read_head(body, options.max_chunks)
        except frames.BadFrameError:
            raise
        except Exception:
            self._answered()
            raise
        chunks: list[Chunk] = []
        while len(chunks) < head["chunks"]:
            body = await self._receive(min(left, frames.LARGEST))
            left -= len(body)
            chunks += frames.read_chunks(body, len(chunks), head["chunks"] - len(chunks), options)
        self._answered()
        return PreparedDocument(
            document_id=source.document_id,
            title=head["title"],
            media_type=head["media_type"],
            language=head["language"],
            metadata=head["metadata"],
            content_hash=head["content_hash"],
            chunks=tuple(chunks),
        )

    def _answered(self) -> None:
        self.busy = False
        self.served += 1

    async def _send(self, *parts: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            for part in parts:
                # In pieces: what the pipe does not take at once is copied, on the event loop.
                for start in range(0, len(part), _PIECE):
                    stdin.write(memoryview(part)[start : start + _PIECE])
                    await stdin.drain()
        except ConnectionError:
            raise _DiedError from None

    async def _receive(self, most: int = frames.LARGEST) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            length = int.from_bytes(await stdout.readexactly(frames.LENGTH), "big")
            if length > most:
                msg = f"expected a frame of at most {most} bytes from the parser process, got {length}"
                raise frames.BadFrameError(msg)
            return await stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _DiedError from None

    async def _verdict(self, source: Source, options: IngestOptions) -> ParserCrashedError | ParserTimeoutError:
        """Return what the child's death says of the document."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_TIMEOUT):
                await self._process.wait()
        if _OUT_OF_TIME is not None and self._process.returncode == -_OUT_OF_TIME:
            most = f"{options.cpu_seconds:g} s of processor time, and as many for each further MiB"
            return ParserTimeoutError(f"expected at most {most}, got more for {len(source.content)} bytes")
        causes = f"a crash, or more than {options.memory_limit} bytes of memory"
        return ParserCrashedError(f"expected the parser to read the document, but its process died: {causes}")

    def kill(self) -> None:
        """Kill it and whatever it started."""
        if self.alive:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # it ended a moment ago, or has not yet its own session
                self._process.kill()

    async def gone(self) -> None:
        """Wait for its end, and release its pipes."""
        # Reads what is left as well: a pipe that nobody reads is never seen to be closed.
        await self._process.communicate()
