"""Exchanges, queues and bindings of the bridge, beside those of the service.

documents.celery ──#──▶ documents.celery             tasks, quorum: for clients that name the exchange
(the callers' queues)                                tasks, as Celery declares them: for clients as they are
documents.celery.returned ──▶ documents.celery.returned   expired before it was taken, or over the delivery limit
documents.retry ──by tier──▶ documents.celery.eta.1s …    waits for its ETA, then back to the queue it came from
celery_delayed_27 ──by queue──▶ documents.celery          has an ETA, of clients with quorum queues
(default exchange) ──▶ documents.celery.revoked           ids of revoked tasks, a stream
"""

from collections.abc import Sequence
from typing import Any

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused

from service.bridge.lanes import DELAYS, lane_name
from service.delivery.envelope import describe
from service.delivery.topology import DEAD, RETRY, TIER_HEADER

log = structlog.get_logger(__name__)

CELERY = "documents.celery"
RETURNED = "documents.celery.returned"
REVOKED = "documents.celery.revoked"
DELAYED = "celery_delayed_27"
"""Where a client that knows of quorum queues publishes what has an ETA, instead of a topic or fanout exchange."""
DELAY_BITS = 28
"""Words of the routing key there, before the task's own."""

_KEPT: dict[str, Any] = {
    "x-queue-type": "stream",
    "x-max-age": "30D",
    "x-max-length-bytes": 8 << 20,
    # Whole segments are dropped, and never the last one.
    "x-stream-max-segment-size-bytes": 1 << 20,
}
"""A revocation takes some 200 bytes for each process, and each process reads all of them at its start."""
_SAFE: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


async def declare(connection: AbstractConnection, queues: Sequence[str], delivery_limit: int) -> None:
    """Declare everything. Queues of the callers that are there stay as they are."""
    async with connection.channel() as channel:
        await channel.declare_exchange(RETURNED, ExchangeType.FANOUT, durable=True)
        # Its own dead letters go straight to where they end: answering must not become a loop of its own.
        end = {"x-delivery-limit": delivery_limit, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD}
        returned = await channel.declare_queue(RETURNED, durable=True, arguments=_SAFE | end)
        await returned.bind(RETURNED)
        await channel.declare_exchange(CELERY, ExchangeType.TOPIC, durable=True)
        limits = {"x-delivery-limit": delivery_limit, "x-dead-letter-exchange": RETURNED}
        tasks = await channel.declare_queue(CELERY, durable=True, arguments=_SAFE | limits)
        await tasks.bind(CELERY, "#")
        for delay in DELAYS:
            arguments = _SAFE | {"x-message-ttl": delay * 1000, "x-dead-letter-exchange": ""}
            lane = await channel.declare_queue(f"{CELERY}.eta.{delay}s", durable=True, arguments=arguments)
            await lane.bind(RETRY.name, "", arguments={"x-match": "all", TIER_HEADER: lane_name(delay)})
        await channel.declare_queue(REVOKED, durable=True, arguments=_KEPT)
    for queue in queues:
        if queue != CELERY:
            await declare_as_celery(connection, queue)
    await _take_delayed(connection, queues)


async def _take_delayed(connection: AbstractConnection, queues: Sequence[str]) -> None:
    """Take tasks at once whose client leaves the waiting to Celery's delay queues: their ETA is in their headers too.

    Where Celery workers have declared those queues, a task comes by them to its callers' queue when it is due.
    """
    try:
        workers_do = await counts(connection, DELAYED) is not None
        async with connection.channel() as channel:
            exchange = await channel.declare_exchange(DELAYED, ExchangeType.TOPIC, durable=True)
            tasks = await channel.get_queue(CELERY, ensure=False)
            for queue in queues:
                key = "*." * DELAY_BITS + queue
                await (tasks.unbind(exchange, key) if workers_do else tasks.bind(exchange, key))
    except (ChannelPreconditionFailed, ChannelAccessRefused) as error:
        log.info("tasks with an ETA of clients with quorum queues are not taken", problem=describe(error))


async def declare_as_celery(connection: AbstractConnection, name: str) -> None:
    """Declare a queue as a Celery client does, so that it does not matter who comes first."""
    if await counts(connection, name) is not None:
        return  # with arguments of its owner's own, which must not be repeated wrongly
    async with connection.channel() as channel:
        try:
            queue = await channel.declare_queue(name, durable=True)
            await channel.declare_exchange(name, ExchangeType.DIRECT, durable=True)
            await queue.bind(name, name)
        except ChannelPreconditionFailed as error:
            log.info("the queue or its exchange is declared in another way and used as it is", problem=describe(error))


async def counts(connection: AbstractConnection, name: str) -> tuple[int, int] | None:
    """Return the messages and the consumers of a queue, None when there is no such queue."""
    async with connection.channel() as channel:
        try:
            result = (await channel.declare_queue(name, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            return None
        return result.message_count or 0, result.consumer_count or 0
