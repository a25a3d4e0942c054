"""A dead letter: what it says about its death, whether it is wanted, and how it is written down. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from schemas import Reason
from service.delivery.envelope import DOCUMENT_ID, DOCUMENT_VERSION, FIRST_FAILED_AT, Envelope, head, last_death


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What lies in `documents.dead`, without the body."""

    event_id: str
    reason: str
    """One of `Reason`; empty when neither the service nor the queue's delivery limit put it there."""
    error: str
    """Class of the last error."""
    detail: str
    attempts: int | None
    document_id: str | None
    """None when the body cannot be read."""
    version: int | None
    first_failed_at: datetime | None
    last_failed_at: datetime | None
    exchange: str
    """Where the event was first published to."""
    routing_key: str
    size: int
    """Bytes of the body."""

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> "DeadLetter":
        """Read a message; one that the broker moved here has no headers of ours, but its record of deaths."""
        headers = message.headers
        sender = Envelope.of(message)
        document_id, version = head(message.body)
        if isinstance(told := headers.get(DOCUMENT_VERSION), int):
            document_id, version = _text(headers.get(DOCUMENT_ID)) or None, told
        death = last_death(headers)
        crashed = Reason.CRASH_LOOP.value if death.get("reason") == "delivery_limit" else ""
        attempts = headers.get("docgraph-attempts")
        died = death.get("time")
        return cls(
            event_id=sender.event_id,
            reason=_text(headers.get("docgraph-reason")) or crashed,
            error=_text(headers.get("docgraph-error")),
            detail=_text(headers.get("docgraph-detail")),
            attempts=attempts if isinstance(attempts, int) else None,
            document_id=document_id,
            version=version,
            first_failed_at=_moment(headers.get(FIRST_FAILED_AT)),
            last_failed_at=_moment(headers.get("docgraph-last-failed-at"))
            or (died.replace(tzinfo=died.tzinfo or UTC) if isinstance(died, datetime) else None),
            exchange=sender.exchange,
            routing_key=sender.routing_key,
            size=len(message.body),
        )

    def record(self) -> dict[str, Any]:
        """Return the letter as JSON values."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}

    def cells(self) -> list[str]:
        """Return what a table shows: event, reason, document, version, attempts, last failure, detail."""
        failed = self.last_failed_at.isoformat(timespec="seconds") if self.last_failed_at else None
        facts = (self.event_id, self.reason, self.document_id, self.version, self.attempts, failed, self.detail)
        return [readable("-" if fact in (None, "") else str(fact)).replace("\n", " ") for fact in facts]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; None wants all. All conditions hold together."""

    reason: str | None = None
    document: str | None = None
    error: str | None = None
    """Text contained in the error's class or detail; case does not matter."""
    event: str | None = None
    older_than: timedelta | None = None
    """Age since the last failure; a letter of unknown age is not wanted then."""
    newer_than: timedelta | None = None

    def matches(self, letter: DeadLetter, now: datetime) -> bool:
        """Return whether a letter is wanted."""
        age = now - letter.last_failed_at if letter.last_failed_at else None
        return (
            self.reason in (None, letter.reason)
            and self.document in (None, letter.document_id)
            and self.event in (None, letter.event_id)
            and (self.error is None or self.error.casefold() in f"{letter.error}\n{letter.detail}".casefold())
            and (self.older_than is None or (age is not None and age > self.older_than))
            and (self.newer_than is None or (age is not None and age < self.newer_than))
        )


def full_record(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Return a message as JSON values: enough to publish it again as it was.

    The body is `text` when it is UTF-8, else `base64`.
    """
    try:
        body = {"text": message.body.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(message.body).decode()}
    properties = {
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "type": message.type,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
        "timestamp": message.timestamp,
        "app_id": message.app_id,
        "reply_to": message.reply_to,
        "priority": message.priority,
    }
    return {
        "event_id": Envelope.of(message).event_id,
        "properties": {key: _json(value) for key, value in properties.items() if value is not None},
        "headers": _json(message.headers),
        **body,
    }


def readable(text: str) -> str:
    """Return text without control characters: text of strangers must not reach a terminal as commands."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _json(value: Any) -> Any:
    """Return an AMQP value as JSON knows it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
