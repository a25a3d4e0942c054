"""Reads the journal of completions, a RabbitMQ stream, from a place on."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from aio_pika.abc import AbstractIncomingMessage

from service.client.link import Link, LinkLostError, losses_told_apart
from service.client.names import COMPLETIONS_JOURNAL
from service.client.receipts import utcnow

PREFETCH = 200
"""Completions that RabbitMQ sends ahead: the bound on memory."""
MARGIN = 2
"""Seconds more of the journal than asked for."""


class Reader:
    """A place in the journal that moves on. Used, and closed, by one task: no acknowledgement outlives its channel."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._last: AbstractIncomingMessage | None = None
        self._unacknowledged = 0

    async def next(self) -> AbstractIncomingMessage:
        """Return the next completion, for as long as it takes. Cancelling it loses none.

        Raises:
            LinkLostError: the connection or the channel is lost, and what had come before is read.

        """
        if self._last is not None and (self._inbox.empty() or self._unacknowledged >= PREFETCH // 4):
            last, self._last, self._unacknowledged = self._last, None, 0
            async with losses_told_apart():
                await last.ack(multiple=True)  # takes nothing out of a stream; asks for more
        message = await self._inbox.get()
        if message is None:
            raise LinkLostError("connection closed")
        self._last = message
        self._unacknowledged += 1
        return message

    async def keep(self, message: AbstractIncomingMessage) -> None:
        """Take a message from the channel."""
        self._inbox.put_nowait(message)

    def end(self, _: object) -> None:
        """There will be no more."""
        self._inbox.put_nowait(None)


@asynccontextmanager
async def attached(link: Link, place: str | int) -> AsyncGenerator[Reader, None]:
    """Read from a place on: an offset, `next`, or a time before now (`ago`).

    Raises:
        LinkLostError: the connection or the channel is lost.
        ClientError: there is no journal, or it may not be read.

    """
    reader = Reader()
    async with link.channel(PREFETCH) as (channel, gone):
        gone.add_done_callback(reader.end)
        journal = await channel.get_queue(COMPLETIONS_JOURNAL, ensure=False)
        await journal.consume(reader.keep, arguments={"x-stream-offset": place})
        yield reader


def offset_of(message: AbstractIncomingMessage) -> int:
    """Return a message's place."""
    offset = message.headers["x-stream-offset"]
    assert isinstance(offset, int)
    return offset


def ago(moment: datetime) -> str:
    """Return where in a stream a moment is, by RabbitMQ's own clock: its notation for a time before now."""
    return f"{max(0, math.ceil((utcnow() - moment).total_seconds())) + MARGIN}s"
