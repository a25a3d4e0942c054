"""A few warm child processes, reused from document to document and replaced when they fail."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from service.documents import PreparedDocument
from service.errors import ParserCrashedError
from service.ingest.child import Child, worker_command
from service.ingest.options import IngestOptions
from service.ingest.source import Source

_AT_WORK = 1.0
"""Seconds after which a child has certainly begun with its document."""


class ChildPool:
    """At most `options.workers` children. One is started when all that run are busy, so an idle service has none."""

    def __init__(self, options: IngestOptions, command: Sequence[str] | None = None) -> None:
        """Make a pool that starts nothing yet.

        Args:
            options: limits of the children.
            command: what to start instead of the worker; for tests.

        """
        self._options = options
        self._command = command
        self._slots = asyncio.Semaphore(options.workers)
        self._idle: list[Child] = []
        self._running: set[Child] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for child in list(self._running):
            self._bury(child)
        await asyncio.gather(*self._burials)

    @property
    def pids(self) -> list[int]:
        """Process ids of the children."""
        return [child.pid for child in self._running]

    async def prepare(self, source: Source) -> PreparedDocument:
        """Return the document, prepared in a child.

        Raises:
            PermanentError: the document is not one that can be read.
            ParserUnavailableError: no child starts.

        """
        async with self._slots:
            if self._idle:
                child = self._idle.pop()
                start = time.monotonic()
                try:
                    return await self._in(child, source)
                except ParserCrashedError:
                    # It may have died before this document came, or of what others left in its memory. A document is
                    # guilty only when a fresh child dies of it, or when this one has worked on it and was not killed:
                    # what fills the memory takes seconds, and would take them twice.
                    if time.monotonic() - start > _AT_WORK and not child.killed:
                        raise
            return await self._in(await self._fresh(), source)

    async def _fresh(self) -> Child:
        if self._closed:
            msg = "the pool is closed"
            raise RuntimeError(msg)
        child = await Child.start(self._command or worker_command(self._options))
        self._running.add(child)
        try:
            await child.ready()
        except BaseException:
            self._bury(child)
            raise
        return child

    async def _in(self, child: Child, source: Source) -> PreparedDocument:
        try:
            return await child.prepare(source, self._options)
        finally:
            # Still busy: it hangs, has died, or the caller was cancelled.
            if child.busy or child.served >= self._options.tasks_per_child or self._closed:
                self._bury(child)
            else:
                self._idle.append(child)

    def _bury(self, child: Child) -> None:
        child.kill()
        if child in self._running:
            self._running.discard(child)
            burial = asyncio.create_task(child.gone())
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)
