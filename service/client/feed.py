"""Completions as they come, or from a point in time on: an iterator over the journal of completions.

Each reader knows its place in the stream, so nothing is missed and nothing repeated over a reconnect, and a slow reader
slows only itself down.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Self

from aio_pika.abc import AbstractIncomingMessage, AbstractMessage
from pydantic import ValidationError

from service.client.connector import Backoff, Connector
from service.client.errors import ClientClosedError, ClientError, NotConfirmedError
from service.client.journal import PREFETCH, ago, attached, offset_of
from service.client.link import LinkLostError
from service.client.receipts import Completion, read_completion, utcnow


class Completions:
    """All completions, of everybody's events, that pass the filter. `async with` attaches it and detaches it."""

    def __init__(
        self,
        connector: Connector,
        opened: Callable[["Completions"], None],
        closed: Callable[["Completions"], None],
        *,
        since: datetime | None,
        correlation_id: str | None,
        kinds: Collection[str] | None,
        idle: float | None,
        attach_timeout: float,
    ) -> None:
        self._connector = connector
        self._opened = opened
        self._closed = closed
        self._since = since
        self._correlation_id = correlation_id
        self._kinds = kinds
        self._idle = idle
        self._attach_timeout = attach_timeout
        self._next: int | None = None
        """Place in the stream; None before the first completion."""
        self._attached_at: datetime | None = None
        self._begun = asyncio.Event()
        """It was attached once, or has ended."""
        self._inbox: asyncio.Queue[AbstractIncomingMessage | ClientError] = asyncio.Queue(PREFETCH)
        """An error is the last in it, and stays there for every call to come."""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Attach: what is published from now on is found.

        Raises:
            NotConfirmedError: RabbitMQ cannot be reached in time, or refuses us.
            ClientClosedError: it was closed meanwhile.

        """
        try:
            await self._attach()
            if self._attached_at is None:
                await self._take()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Completion:
        """Return the next completion.

        Raises:
            StopAsyncIteration: none came for `idle` seconds.
            ClientError: RabbitMQ cannot be reached in time or does not allow it, or the client is closed.

        """
        await self._attach()
        silence = Silence(self._idle)
        while True:
            try:
                async with asyncio.timeout(self._idle):
                    message = await self._take()
            except TimeoutError:
                break
            if (completion := self._wanted(message)) is not None:
                return completion
            if silence.is_shown_by(message):
                break
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Detach. Calls under way, and later ones, get a `ClientClosedError`."""
        await self._end(ClientClosedError("expected open completions, but they were closed"))

    async def _attach(self) -> None:
        if self._begun.is_set():
            return
        if self._task is None:
            self._opened(self)
            self._task = asyncio.create_task(self._run(), name="docgraph client: journal")
        try:
            async with asyncio.timeout(self._attach_timeout):
                await self._begun.wait()
        except TimeoutError:
            what = f"expected RabbitMQ to let us read the journal within {self._attach_timeout:.3g} s"
            await self._end(NotConfirmedError(f"{what}: {self._connector.problem}"))

    async def _take(self) -> AbstractIncomingMessage:
        message = await self._inbox.get()
        if isinstance(message, ClientError):
            self._inbox.put_nowait(message)
            raise message
        return message

    async def _end(self, error: ClientError) -> None:
        task, self._task = self._task, None
        self._closed(self)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._inbox.put_nowait(error)
        self._begun.set()

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async with attached(await self._connector.link(), self._place()) as reader:
                    self._attached_at = self._attached_at or utcnow()
                    self._begun.set()
                    backoff = Backoff()
                    while True:
                        message = await reader.next()
                        await self._inbox.put(message)
                        self._next = offset_of(message) + 1
            except LinkLostError:
                await backoff.pause()
            except ClientError as error:
                self._begun.set()
                await self._inbox.put(error)
                return

    def _place(self) -> str | int:
        if self._next is not None:
            return self._next
        since = self._since or self._attached_at
        return ago(since) if since else "next"

    def _wanted(self, message: AbstractIncomingMessage) -> Completion | None:
        if self._kinds is not None and message.type not in self._kinds:
            return None
        if self._correlation_id is not None and message.correlation_id != self._correlation_id:
            return None
        try:
            completion = read_completion(message)
        except (KeyError, ValidationError):  # a mark in the journal, or a kind of a later version
            return None
        return completion if self._since is None or completion.occurred_at >= self._since else None


class Silence:
    """Tells that nothing that is wanted was published for a while, though something else is published all the time.

    It goes by when that was published, not only by when it is read: what is wanted may lie behind a long backlog.
    """

    def __init__(self, seconds: float | None) -> None:
        self._until = None if seconds is None else utcnow() + timedelta(seconds=seconds)

    def is_shown_by(self, unwanted: AbstractMessage) -> bool:
        """Return whether a completion that is not wanted was published, and read, after so many seconds of waiting."""
        if self._until is None or unwanted.timestamp is None:
            return False
        return min(unwanted.timestamp, utcnow()) >= self._until  # the publisher's clock may be ahead
