"""Whether this process's own consumers are registered and its publishes taken, as the client's side knows it.

`RabbitBroker.ping` and the subscribers' `running` flag stay true when the broker has cancelled a consumer: they cannot
tell a worker from one that has gone deaf.
"""

import asyncio
from typing import Any

from faststream.rabbit import RabbitBroker


async def deaf_queues(broker: RabbitBroker) -> list[str]:
    """Return the queues that this process should consume and does not."""
    subscribers: list[Any] = list(broker.subscribers)
    return sorted([subscriber.queue.name for subscriber in subscribers if not await _consumes(subscriber)])


async def _consumes(subscriber: Any) -> bool:
    # FastStream has no public name for its queue and consumer tag; the pinned version is covered by a test.
    queue, tag = subscriber._queue_obj, subscriber._consumer_tag  # noqa: SLF001
    if not subscriber.running or queue is None or tag is None:
        return False
    if queue.channel.is_closed:
        return False
    channel = await queue.channel.get_underlay_channel()
    return tag in channel.consumers


def publishes(broker: RabbitBroker) -> bool:
    """Tell whether the channel is open that all completions, retries and dead letters go through."""
    channel: Any = broker._channel  # noqa: SLF001 - no public name; covered by a test
    return channel is not None and not channel.is_closed


async def reopen_publishing(broker: RabbitBroker) -> None:
    """Open that channel again if it is closed: aio-pika tries once, at the loss, and then at the next reconnect."""
    channel: Any = broker._channel  # noqa: SLF001 - no public name; covered by a test
    if channel is not None and channel.is_closed:
        await channel.restore()


def is_blocked(broker: Any) -> bool:
    """Tell whether RabbitMQ takes no publishes from this process, because of a memory or disk alarm."""
    unblocked = _unblocked(broker._connection)  # noqa: SLF001 - no public name; covered by a test
    return unblocked is not None and not unblocked.is_set()


def wake_waiters(connection: Any, _: BaseException | None = None) -> None:
    """End the wait for the end of an alarm on a connection that is lost.

    aiormq would let its waiters wait for ever, and a channel that waits to be opened keeps its connection from coming
    back.
    """
    if (unblocked := _unblocked(connection)) is not None:
        unblocked.set()


def _unblocked(connection: Any) -> asyncio.Event | None:
    if connection is None or connection.transport is None:
        return None
    # aiormq keeps what `connection.blocked` and `connection.unblocked` say, but has no name for it.
    event: asyncio.Event | None = getattr(connection.transport.connection, "_Connection__connection_unblocked", None)
    return event
