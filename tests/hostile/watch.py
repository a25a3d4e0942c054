"""Watches a document on its way through an `Ingestor`: the answer, the children's work, this process's memory."""

import asyncio
import base64
import ctypes
import gc
import os
import resource
from dataclasses import dataclass
from pathlib import Path

from schemas import DocumentSubmitted
from schemas.reasons import Reason
from service.documents import PreparedDocument
from service.errors import PermanentError
from service.ingest.ingestor import Ingestor
from tests.support.steps import measured_steps

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of a document, and what that took."""

    document: PreparedDocument | None
    reason: Reason | None
    """Why there is no document."""
    error: str
    child_seconds: float
    """Work of the children, which unlike the time on the clock does not depend on who else works here."""
    own_seconds: float
    """Work of this thread, which is the service's event loop."""
    longest_step: float
    """Of that work, what the loop did without a break."""
    parent_growth: int
    """Most bytes by which this process was larger than before."""


async def passage(ingestor: Ingestor, content: bytes, media_type: str | None) -> Passage:
    """Return what the ingestor makes of the content."""
    event = DocumentSubmitted(document_id="hostile", version=1, media_type=media_type, data=base64.b64encode(content))
    work, memory = _Work(ingestor), _Memory()
    document, reason, error = None, None, ""
    with measured_steps() as steps:
        try:
            document = await asyncio.create_task(ingestor.prepare(event))
        except PermanentError as caught:
            reason, error = caught.reason, str(caught)
    await asyncio.gather(*ingestor._pool._burials)
    return Passage(document, reason, error, work.seconds(), sum(steps), max(steps), memory.growth())


class _Work:
    """Processor time of the children since this was made, of those that have ended too."""

    def __init__(self, ingestor: Ingestor) -> None:
        self._ingestor = ingestor
        self._ended = _ended()
        self._running = {pid: _running(pid) for pid in ingestor._pool.pids}

    def seconds(self) -> float:
        running = {pid: _running(pid) for pid in self._ingestor._pool.pids}
        return sum(running.values()) - sum(self._running.values()) + _ended() - self._ended


def _ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _running(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


class _Memory:
    """Peak of this process's resident memory since this was made."""

    def __init__(self) -> None:
        settle()
        Path("/proc/self/clear_refs").write_text("5")
        self._before = resident()

    def growth(self) -> int:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 - self._before
        raise RuntimeError("expected VmHWM in /proc/self/status, got none")


def resident() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def settle() -> None:
    """Give back to the system what is free."""
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
