"""Reads a RabbitMQ stream from a point in time to its present end, by plain AMQP 0.9.1.

AMQP does not tell where a stream ends, and silence is no end. So a mark is published into the stream after the reader
has begun: what comes before the mark was there. Marks are a few bytes, carry no event, and readers pass over them.

Points in time are those of RabbitMQ's clock when it stored a message, to the second: a publisher's `timestamp` may be
missing, wrong or much older.
"""

import asyncio
import math
import uuid
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from service.delivery.connection import existing_queue
from service.errors import DocgraphError

MARK = "docgraph.journal.mark"
"""AMQP `type` of a mark."""
PREFETCH = 64
"""Messages sent ahead, the bound on memory."""
TIMEOUT = 30.0
"""Seconds without a message until the stream counts as broken: the mark must come."""
_OFFSET = "x-stream-offset"


async def read_stream(
    connection: AbstractConnection, name: str, since: datetime | None = None, until: datetime | None = None
) -> AsyncGenerator[AbstractIncomingMessage, None]:
    """Yield the messages stored from `since` on, and before `until` and before now. Close it with `aclosing`.

    Raises:
        StartupError: there is no such stream.
        DocgraphError: it does not answer.

    """
    async with connection.channel() as ahead, connection.channel() as channel:
        # Attached before the mark is published, so each of them gets at least the mark.
        end = await _attach(ahead, name, 1, _second(until, math.ceil)) if until else None
        inbox = await _attach(channel, name, PREFETCH, _second(since, math.floor) if since else "first")
        mark = await _publish_mark(channel, name)
        last = offset_of(await _received(end, name)) if end else None
        while True:
            message = await _received(inbox, name)
            if message.message_id == mark or (last is not None and offset_of(message) >= last):
                return
            # An acknowledgement takes nothing out of a stream; it asks for more.
            await message.ack()
            if message.type != MARK:
                yield message


def offset_of(message: AbstractIncomingMessage) -> int:
    """Return a message's place in its stream."""
    offset = message.headers[_OFFSET]
    assert isinstance(offset, int)
    return offset


def _second(moment: datetime, rounded: Callable[[float], int]) -> datetime:
    """Return a moment as AMQP knows it, in whole seconds."""
    return datetime.fromtimestamp(rounded(moment.timestamp()), UTC)


async def _attach(
    channel: AbstractChannel, name: str, prefetch: int, offset: datetime | str
) -> asyncio.Queue[AbstractIncomingMessage]:
    queue = await existing_queue(channel, name)
    await channel.set_qos(prefetch_count=prefetch)
    inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await queue.consume(inbox.put, arguments={_OFFSET: offset})
    return inbox


async def _publish_mark(channel: AbstractChannel, name: str) -> str:
    mark = aio_pika.Message(
        b"", message_id=str(uuid.uuid4()), type=MARK, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
    )
    await channel.default_exchange.publish(mark, name, timeout=TIMEOUT)
    assert mark.message_id is not None
    return mark.message_id


async def _received(inbox: asyncio.Queue[AbstractIncomingMessage], name: str) -> AbstractIncomingMessage:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await inbox.get()
    except TimeoutError:
        msg = f"expected stream {name!r} to go on to its end, but nothing came for {TIMEOUT:g} seconds"
        raise DocgraphError(msg) from None
