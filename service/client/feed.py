"""Completions as they come, or from a point in time on: an iterator over the journal of completions.

Each reader knows its place in the stream, so nothing is missed and nothing repeated over a reconnect, and a slow reader
slows only itself down.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from typing import Self

from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from service.client.connector import Backoff, Connector
from service.client.errors import ClientClosedError, ClientError
from service.client.link import Link, LinkLostError, losses_told_apart
from service.client.listener import ago, read_completion
from service.client.names import COMPLETIONS_JOURNAL
from service.client.receipts import Completion, utcnow

PREFETCH = 200
"""Completions that RabbitMQ sends ahead: the bound on memory."""


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
        self._inbox: asyncio.Queue[tuple[int, AbstractIncomingMessage] | ClientError] = asyncio.Queue()
        self._attachment = 0
        """Counts the times it was attached."""
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
                    item = await self._inbox.get()
            except TimeoutError:
                await self.aclose()
                raise StopAsyncIteration from None
            if isinstance(item, ClientError):
                raise item
            attachment, message = item
            if attachment != self._attachment:  # left unread by a lost link: it comes again on this one
                continue
            offset = message.headers["x-stream-offset"]
            assert isinstance(offset, int)
            self._next = offset + 1
            with suppress(LinkLostError):
                async with losses_told_apart():
                    await message.ack()  # asks for more
            if (completion := self._wanted(message)) is not None:
                return completion

    async def aclose(self) -> None:
        """Detach. Whoever waits in `anext` gets a `ClientClosedError`."""
        task, self._task = self._task, None
        self._closed(self)
        self._inbox.put_nowait(ClientClosedError("expected open completions, but they were closed"))
        self._attached.set()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None and not self._attached.is_set():
            self._opened(self)
            self._task = asyncio.create_task(self._run(), name="docgraph client: journal")

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._read(await self._connector.link())
                backoff = Backoff()
            except LinkLostError:
                pass
            except ClientError as error:
                self._inbox.put_nowait(error)
                self._attached.set()
                return
            await backoff.pause()

    async def _read(self, link: Link) -> None:
        self._attachment += 1
        attachment = self._attachment

        async def keep(message: AbstractIncomingMessage) -> None:
            self._inbox.put_nowait((attachment, message))

        async with link.channel(PREFETCH) as (channel, gone):
            journal = await channel.get_queue(COMPLETIONS_JOURNAL, ensure=False)
            await journal.consume(keep, arguments={"x-stream-offset": self._place()})
            self._attached_at = self._attached_at or utcnow()
            self._attached.set()
            await gone

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
