"""What `submit` returns: all that is needed to wait for the answer, also later and elsewhere."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from aio_pika.abc import AbstractIncomingMessage

from schemas import DocumentFailed, DocumentProcessed, DocumentRemoved, DocumentSubmitted, completion_id

Completion = DocumentProcessed | DocumentRemoved | DocumentFailed

KINDS: dict[str, type[Completion]] = {kind.kind: kind for kind in (DocumentProcessed, DocumentRemoved, DocumentFailed)}


def utcnow() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Receipt:
    """An event that RabbitMQ has confirmed. It may be pickled, stored, and waited for by another process."""

    event_id: str
    """The AMQP `message_id`, and the completion's `causation_id`."""
    document_id: str
    version: int
    """The version that the graph compares."""
    kind: str
    """`document.submitted` or `document.deleted`."""
    correlation_id: str
    """The event id, unless another was given. Completions carry it, too."""
    submitted_at: datetime = field(default_factory=utcnow)
    """When it was first sent, with a time zone. `wait` looks no further back."""

    def completion_ids(self) -> tuple[str, str]:
        """Return the `message_id` of each completion that may answer the event: of success, and of failure."""
        success = DocumentProcessed if self.kind == DocumentSubmitted.kind else DocumentRemoved
        return completion_id(self.event_id, success.kind), completion_id(self.event_id, DocumentFailed.kind)


def read_completion(message: AbstractIncomingMessage) -> Completion:
    """Return the completion that a message carries.

    Raises:
        KeyError: it is of another kind.
        pydantic.ValidationError: it is not what it says.

    """
    return KINDS[message.type or ""].read(message.body)
