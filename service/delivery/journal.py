"""The journal: every event that was published to `documents`, read again, and replayed to rebuild the graph.

A replay may take any part, any number of times, while the service works: an event that the graph has seen, or that is
older than what it holds, has no effect.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from service.delivery.copies import WORK_QUEUES, copy_of
from service.delivery.envelope import Envelope, head
from service.delivery.republisher import Republisher
from service.delivery.stream import offset_of, read_stream
from service.delivery.topology import DOCUMENTS, HANDLED
from service.errors import DocgraphError

JOURNAL = f"{DOCUMENTS.name}.journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the journal, without its body."""

    offset: int
    """Place in the stream."""
    kind: str
    """Routing key it was published with: `document.submitted`, `document.deleted`, or one that nobody handles."""
    event_id: str
    document_id: str | None
    """None when the body cannot be read."""
    version: int | None
    published_at: datetime | None
    """The publisher's `timestamp`, if it gave one."""
    size: int
    """Bytes of the body."""

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> "Entry":
        """Read a message of the stream."""
        document_id, version = head(message.body)
        sender = Envelope.of(message)
        return cls(
            offset_of(message),
            (message.routing_key or "").removesuffix(HANDLED),
            sender.event_id,
            document_id,
            version,
            message.timestamp,
            len(message.body),
        )

    def record(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events; None takes all. All conditions hold together."""

    since: datetime | None = None
    """When RabbitMQ stored it, to the second."""
    until: datetime | None = None
    """Before that, and before the reading began."""
    document: str | None = None
    kind: str | None = None
    """Routing key."""

    def matches(self, entry: Entry) -> bool:
        """Return whether an event within the time is wanted."""
        return self.document in (None, entry.document_id) and self.kind in (None, entry.kind)


EVERYTHING = Selection()


@dataclass(slots=True)
class Replayed:
    """How far a replay is."""

    looked: int = 0
    done: int = 0
    """Events whose copy is confirmed; of a dry run, those that would be replayed."""
    unhandled: int = 0
    """Events with a routing key that the service has no work queue for."""


async def read(
    connection: AbstractConnection, selection: Selection = EVERYTHING
) -> AsyncGenerator[tuple[Entry, AbstractIncomingMessage], None]:
    """Yield what is selected, in the order of publishing. Close it with `contextlib.aclosing`.

    Raises:
        StartupError: there is no journal on this vhost.
        DocgraphError: RabbitMQ does not answer.

    """
    async with aclosing(read_stream(connection, JOURNAL, selection.since, selection.until)) as messages:
        async for message in messages:
            entry = Entry.of(message)
            if selection.matches(entry):
                yield entry, message


async def replay(
    connection: AbstractConnection,
    selection: Selection = EVERYTHING,
    *,
    limit: int | None = None,
    rate: float | None = None,
    dry_run: bool = False,
    watch: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Send events to the work queues again, under their own ids. They do not enter the journal a second time.

    Args:
        connection: to the service's vhost.
        selection: which.
        limit: how many at most.
        rate: events per second at most.
        dry_run: only count.
        watch: hears of the progress.

    Raises:
        DocgraphError: a work queue is missing, or RabbitMQ does not answer. Replaying again does no harm.

    """
    result = Replayed()

    async def settle(problem: str | None) -> None:
        if problem is not None:
            raise DocgraphError(problem)
        result.done += 1
        watch(result)

    async with Republisher(connection, rate=rate) as copies, aclosing(read(connection, selection)) as entries:
        sent = 0
        async for entry, message in entries:
            result.looked += 1
            if (queue := WORK_QUEUES.get(entry.kind)) is None:
                result.unhandled += 1
                continue
            sent += 1
            if dry_run:
                result.done += 1
            else:
                await copies.send(copy_of(message), "", queue, settle)
            if sent == limit:
                break
    return result
