"""The client for synchronous code: the same calls, run in the process's background loop."""

import os
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from schemas import DocumentProcessed, DocumentRemoved
from service.client import background
from service.client.aio import IN_FLIGHT, AsyncDocgraph
from service.client.background import BackgroundLoop
from service.client.bulk import Tally
from service.client.errors import ClientClosedError
from service.client.events import Input, read_file
from service.client.feed import Completions
from service.client.receipts import Completion, Receipt

T = TypeVar("T")

BATCH = 100
"""Events of `submit_many` that are handed to the background loop at a time."""


class Docgraph:
    """Submits documents to docgraph and hears what became of them. One per process is enough, at module level, too.

    It connects at its first call. Any number of threads may use it at a time, also inside a running event loop (which
    then waits). In a forked child it opens a connection of its own. What is open at the end of the process is closed.

    The arguments, results and errors of each call are those of `AsyncDocgraph`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        submit_timeout: float = 30.0,
        wait_timeout: float = 60.0,
        name: str | None = None,
    ) -> None:
        """Make a client; nothing is opened yet. The arguments are those of `AsyncDocgraph`."""
        self._make = partial(AsyncDocgraph, url, submit_timeout=submit_timeout, wait_timeout=wait_timeout, name=name)
        self._opened: tuple[BackgroundLoop, AsyncDocgraph] | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self, timeout: float = 5.0) -> None:
        """Wait for the events that are being confirmed, then close. Calls of other threads end with an error."""
        with background.opening():
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is not None and background.is_ours(opened[0]):
            loop, client = opened
            try:
                loop.call(client.aclose(timeout))
            finally:
                background.closed(loop, client)

    def connect(self, timeout: float | None = None) -> None:
        """Connect now: to fail early rather than at the first call, which would connect by itself."""
        self._call(lambda client: client.connect(timeout))

    def submit(
        self,
        document_id: str,
        *,
        text: str | None = None,
        data: bytes | None = None,
        uri: str | None = None,
        media_type: str | None = None,
        title: str | None = None,
        language: str | None = None,
        metadata: Mapping[str, str | bool | float] | None = None,
        version: int | None = None,
        occurred_at: datetime | None = None,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Submit a document that is new or has changed; return when RabbitMQ has it safe."""
        return self._call(
            lambda client: client.submit(
                document_id,
                text=text,
                data=data,
                uri=uri,
                media_type=media_type,
                title=title,
                language=language,
                metadata=metadata,
                version=version,
                occurred_at=occurred_at,
                event_id=event_id,
                correlation_id=correlation_id,
                timeout=timeout,
            )
        )

    def submit_file(self, path: str | os.PathLike[str], document_id: str | None = None, **more: Any) -> Receipt:
        """Read a file and submit it."""
        file = Path(path)
        content = read_file(file, more.pop("media_type", None))
        return self.submit(document_id or file.as_posix(), **content, **more)

    def delete(
        self,
        document_id: str,
        *,
        version: int | None = None,
        occurred_at: datetime | None = None,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Delete a document."""
        return self._call(
            lambda client: client.delete(
                document_id,
                version=version,
                occurred_at=occurred_at,
                event_id=event_id,
                correlation_id=correlation_id,
                timeout=timeout,
            )
        )

    def send(
        self,
        event: Input,
        *,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Send an event that is made already."""
        return self._call(
            lambda client: client.send(event, event_id=event_id, correlation_id=correlation_id, timeout=timeout)
        )

    def submit_many(
        self,
        documents: Iterable[Input | Mapping[str, Any]],
        *,
        in_flight: int = IN_FLIGHT,
        progress: Callable[[int], object] | None = None,
        timeout: float | None = None,
    ) -> list[Receipt]:
        """Submit many documents, confirmed in bulk. They are read, and `progress` is called, in this thread."""
        loop, client = self._open()
        tally = Tally(progress)
        items = iter(documents)
        size = max(1, min(BATCH, in_flight // 2))
        sent: deque[tuple[int, Future[list[Receipt | Exception]]]] = deque()
        place = 0
        try:
            while not tally.failures and (batch := list(islice(items, size))):
                sent.append((place, loop.begin(client.attempt_all(batch, timeout))))
                place += len(batch)
                if place - sent[0][0] > in_flight - size:
                    tally.record_all(*_result(sent))
            while sent:
                tally.record_all(*_result(sent))
        finally:
            for _, future in sent:
                future.cancel()
        return tally.receipts()

    def wait(self, receipt: Receipt, timeout: float | None = None) -> DocumentProcessed | DocumentRemoved:
        """Wait for an event's completion. It may be there already; none is missed between submitting and waiting."""
        return self._call(lambda client: client.wait(receipt, timeout))

    def submit_and_wait(self, document_id: str, *, timeout: float | None = None, **document: Any) -> DocumentProcessed:
        """Submit a document and wait for its completion."""
        return self._call(lambda client: client.submit_and_wait(document_id, timeout=timeout, **document))

    def completions(
        self,
        *,
        since: datetime | None = None,
        correlation_id: str | None = None,
        kinds: Collection[str] | None = None,
        idle: float | None = None,
    ) -> "CompletionsIterator":
        """Return an iterator over completions: of all events, whoever sent them. `with` attaches and detaches it."""
        loop, client = self._open()

        async def make() -> Completions:
            return client.completions(since=since, correlation_id=correlation_id, kinds=kinds, idle=idle)

        return CompletionsIterator(loop, loop.call(make()))

    def _call(self, call: Callable[[AsyncDocgraph], Coroutine[Any, Any, T]]) -> T:
        loop, client = self._open()
        return loop.call(call(client))

    def _open(self) -> tuple[BackgroundLoop, AsyncDocgraph]:
        opened = self._opened
        if opened is not None and background.is_ours(opened[0]):
            return opened
        with background.opening():
            if self._closed:
                raise ClientClosedError("expected an open client, but it was closed")
            if self._opened is None or not background.is_ours(self._opened[0]):
                background.leave_to_parent(self._opened)
                client = self._make()
                self._opened = background.opened(client), client
            return self._opened


class CompletionsIterator:
    """`Completions` for synchronous code. It belongs to the process that made it, and ends with its client."""

    def __init__(self, loop: BackgroundLoop, completions: Completions) -> None:
        self._loop = loop
        self._completions = completions

    def __enter__(self) -> Self:
        """Attach: what is published from now on is found."""
        self._call(self._completions.__aenter__)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Completion:
        """Return the next completion; raises as `Completions` does."""
        # A StopAsyncIteration does not pass through a future.
        completion = self._call(lambda: anext(self._completions, None))
        if completion is None:
            raise StopIteration
        return completion

    def close(self) -> None:
        """Detach."""
        if background.is_ours(self._loop):
            self._loop.call(self._completions.aclose())

    def _call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if not background.is_ours(self._loop):
            msg = (
                "expected completions of this process and of an open client, got an iterator from before a fork or a "
                "close; call completions() again"
            )
            raise ClientClosedError(msg)
        return self._loop.call(call())


def _result(
    sent: deque[tuple[int, Future[list[Receipt | Exception]]]],
) -> tuple[int, list[Receipt | Exception]]:
    place, future = sent[0]
    results = background.result_of(future)
    sent.popleft()
    return place, results
