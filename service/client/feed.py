"""Completions as they come, or from a point in time on: an iterator over the journal of completions.

Each reader knows its place in the stream, so nothing is missed and nothing repeated over a reconnect, and a slow reader
slows only itself down.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Self

from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from service.client.connector import Backoff, Connector
from service.client.errors import ClientClosedError, ClientError
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
    ) -> None:
        self._connector = connector
        self._opened = opened
        self._closed = closed
        self._since = since
        self._correlation_id = correlation_id
        self._kinds = kinds
        self._idle = idle
        self._next: int | None = None
        """Place in the stream; None before the first completion."""
        self._attached_at: datetime | None = None
        self._attached = asyncio.Event()
        self._inbox: asyncio.Queue[AbstractIncomingMessage | ClientError] = asyncio.Queue(PREFETCH)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Attach, for as long as it takes: what is published from now on is found."""
        self._start()
        await self._attached.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Completion:
        """Return the next completion.

        Raises:
            StopAsyncIteration: none came for `idle` seconds.
            ClientError: RabbitMQ does not allow it, or the client is closed.

        """
        self._start()
        while True:
            try:
                async with asyncio.timeout(self._idle):
                    message = await self._inbox.get()
            except TimeoutError:
                await self.aclose()
                raise StopAsyncIteration from None
            if isinstance(message, ClientError):
                raise message
            if (completion := self._wanted(message)) is not None:
                return completion

    async def aclose(self) -> None:
        """Detach. Whoever waits in `anext` gets a `ClientClosedError`."""
        task, self._task = self._task, None
        self._closed(self)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._end(ClientClosedError("expected open completions, but they were closed"))

    def _end(self, error: ClientError) -> None:
        while self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(error)
        self._attached.set()

    def _start(self) -> None:
        if self._task is None and not self._attached.is_set():
            self._opened(self)
            self._task = asyncio.create_task(self._run(), name="docgraph client: journal")

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                async with attached(await self._connector.link(), self._place()) as reader:
                    self._attached_at = self._attached_at or utcnow()
                    self._attached.set()
                    backoff = Backoff()
                    while True:
                        message = await reader.next()
                        await self._inbox.put(message)
                        self._next = offset_of(message) + 1
            except LinkLostError:
                await backoff.pause()
            except ClientError as error:
                self._end(error)
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
