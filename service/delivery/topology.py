"""Every exchange, queue and binding, as values; declared before anything is consumed or published.

documents ──document.submitted──▶ documents.submitted ─┐ delivery limit
──document.deleted────▶ documents.deleted ───┴──────────────▶ documents.crashed
──#───────────────────▶ documents.journal (stream)
documents.retry ──by tier───────▶ documents.retry.5s … ──after its delay──▶ the work queue it came from
documents.completions ──#───────▶ documents.completions.journal (stream)
documents.dead                    given up, with reasons
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue

from schemas import DocumentDeleted, DocumentSubmitted
from service.delivery.tolerance import tolerate_any_properties
from service.durations import format_duration
from service.errors import StartupError

DOCUMENTS = RabbitExchange("documents", type=ExchangeType.TOPIC)
COMPLETIONS = RabbitExchange("documents.completions", type=ExchangeType.TOPIC)
RETRY = RabbitExchange("documents.retry", type=ExchangeType.HEADERS)
"""Routes by the header `docgraph-tier`, so that the routing key can carry the work queue to return to."""

SUBMITTED = "documents.submitted"
DELETED = "documents.deleted"
CRASHED = "documents.crashed"
DEAD = "documents.dead"
TIER_HEADER = "docgraph-tier"
HANDLED = ".handled"
"""Ends the routing key of an event that came another way and is handled already: for the journal, not for the work
queues."""

# A quorum queue must not lose what it dead-letters, and may only promise that when it refuses publishes at its limit.
_SAFE: Any = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


@dataclass(frozen=True)
class Binding:
    """From an exchange to a queue."""

    exchange: RabbitExchange
    queue: str
    routing_key: str = ""
    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Topology:
    """All there is on the broker, as the settings want it."""

    retry_delays: Sequence[float]
    """Seconds, one tier each."""
    delivery_limit: int
    journal_max_age: str
    journal_max_bytes: int

    exchanges = (DOCUMENTS, COMPLETIONS, RETRY)

    @property
    def submitted(self) -> RabbitQueue:
        """Work: submissions."""
        return self._work_queue(SUBMITTED, DocumentSubmitted.kind)

    @property
    def deleted(self) -> RabbitQueue:
        """Work: deletions."""
        return self._work_queue(DELETED, DocumentDeleted.kind)

    @property
    def crashed(self) -> RabbitQueue:
        """Messages over the delivery limit: the service answers them and moves them to the dead letters."""
        # Its own dead letters go straight to `documents.dead`: answering must not become a crash loop of its own.
        return _queue(CRASHED, QueueType.QUORUM, {**_dead_letter_to(DEAD)})

    @property
    def dead(self) -> RabbitQueue:
        """Dead letters; nothing consumes them but people and their tools."""
        # RabbitMQ 4 drops a message after 20 deliveries by default, and each look at a dead letter is one.
        return _queue(DEAD, QueueType.QUORUM, {"x-delivery-limit": 1_000_000})

    def tier(self, delay: float) -> RabbitQueue:
        """Return the queue that holds messages for `delay` seconds."""
        # One queue a delay: messages expire at the head only, so a mixed queue would hold short ones behind long ones.
        # No dead-letter routing key: the message keeps its own, the name of the work queue it came from.
        arguments = {"x-message-ttl": round(delay * 1000), "x-dead-letter-exchange": "", **_SAFE}
        return _queue(f"{RETRY.name}.{format_duration(delay)}", QueueType.QUORUM, arguments)

    def journal(self, exchange: RabbitExchange) -> RabbitQueue:
        """Return the stream that keeps every event of an exchange: none is unroutable, all can be replayed."""
        arguments = {"x-max-age": self.journal_max_age, "x-max-length-bytes": self.journal_max_bytes}
        return _queue(f"{exchange.name}.journal", QueueType.STREAM, arguments)

    def _work_queue(self, name: str, routing_key: str) -> RabbitQueue:
        arguments = {"x-delivery-limit": self.delivery_limit, **_dead_letter_to(CRASHED)}
        return _queue(name, QueueType.QUORUM, arguments, routing_key)

    @property
    def queues(self) -> list[RabbitQueue]:
        """All queues; those that others dead-letter to come first."""
        tiers = [self.tier(delay) for delay in self.retry_delays]
        journals = [self.journal(DOCUMENTS), self.journal(COMPLETIONS)]
        return [self.dead, self.crashed, *journals, *tiers, self.submitted, self.deleted]

    @property
    def bindings(self) -> list[Binding]:
        """All bindings."""
        return [
            *(Binding(exchange, self.journal(exchange).name, "#") for exchange in (DOCUMENTS, COMPLETIONS)),
            *(
                Binding(RETRY, self.tier(delay).name, "", {"x-match": "all", TIER_HEADER: format_duration(delay)})
                for delay in self.retry_delays
            ),
            Binding(DOCUMENTS, SUBMITTED, DocumentSubmitted.kind),
            Binding(DOCUMENTS, DELETED, DocumentDeleted.kind),
        ]


def _queue(name: str, kind: Any, arguments: Any, routing_key: str = "") -> RabbitQueue:
    # FastStream types the arguments per kind; here they are one mapping that is declared as it stands.
    queue: RabbitQueue = RabbitQueue(name, queue_type=kind, arguments=arguments, routing_key=routing_key)
    return queue


def _dead_letter_to(queue: str) -> dict[str, Any]:
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, **_SAFE}


async def declare(broker: RabbitBroker, topology: Topology) -> None:
    """Declare everything. Any number of processes may do so at once.

    Raises:
        StartupError: a queue or exchange of the same name but other arguments is there already.

    """
    tolerate_any_properties()
    connection = await broker.connect()
    # On a channel of our own: a queue declared by the broker would be consumed on its default channel, whose prefetch
    # has no bound; and an exchange that the broker has declared once it never declares again.
    async with connection.channel() as channel:
        for exchange in topology.exchanges:
            await _named(f"exchange {exchange.name!r}", _declare_exchange(channel, exchange))
        for queue in topology.queues:
            await _named(f"queue {queue.name!r}", _declare_queue(channel, queue))
        for binding in topology.bindings:
            target = await channel.get_queue(binding.queue, ensure=False)
            await target.bind(binding.exchange.name, binding.routing_key, arguments=dict(binding.arguments or {}))
    for exchange in topology.exchanges:
        # By the broker, on its default channel: FastStream keeps the object, and publishes through this channel then.
        await broker.declare_exchange(exchange)


async def _declare_exchange(channel: AbstractChannel, exchange: RabbitExchange) -> None:
    await channel.declare_exchange(exchange.name, exchange.type.value, durable=exchange.durable)


async def _declare_queue(channel: AbstractChannel, queue: RabbitQueue) -> None:
    await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments or {}))


async def _named(what: str, declaration: Any) -> None:
    try:
        await declaration
    except ChannelPreconditionFailed as error:
        msg = (
            f"RABBITMQ_URL: expected {what} to be as this version and its settings declare it, but it exists with "
            f"other arguments ({error}); empty and delete it, undo the changed setting, or use another vhost"
        )
        raise StartupError(msg) from None
