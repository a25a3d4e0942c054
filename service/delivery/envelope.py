"""AMQP properties and headers: the envelope of an event. The one place that knows the names of our headers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage, HeadersType
from pydantic import TypeAdapter, ValidationError

from schemas import event_id
from schemas.fields import DocumentId, Version

ATTEMPT = "docgraph-attempt"
FIRST_ERROR = "docgraph-first-error"
FIRST_FAILED_AT = "docgraph-first-failed-at"
EXCHANGE = "docgraph-exchange"
ROUTING_KEY = "docgraph-routing-key"
DOCUMENT_ID = "docgraph-document-id"
DOCUMENT_VERSION = "docgraph-document-version"
"""Of a dead letter whose body is no event."""
UNREADABLE = "docgraph-unreadable"
"""Never on the wire: put on a message as it is read, says which of its properties could not be."""

_document_id: TypeAdapter[str] = TypeAdapter(DocumentId)
_version: TypeAdapter[int] = TypeAdapter(Version)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a message says about itself, beside its body."""

    event_id: str
    correlation_id: str
    """The message's own, or its event id."""
    attempt: int
    """1 for the first."""
    first_error: str | None
    """Class and text of the first attempt's error."""
    first_failed_at: str | None
    """ISO 8601."""
    exchange: str
    """Where it was first published to, also after a retry or a crash loop."""
    routing_key: str
    expired: bool = False
    """Whether the broker moved it here as its time to live was over."""
    unreadable: str | None = None
    """What is wrong with its AMQP properties."""

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> "Envelope":
        """Read the envelope of a message."""
        headers = message.headers
        id_ = event_id(message.message_id, message.body)
        exchange, routing_key = _origin(message)
        return cls(
            event_id=id_,
            correlation_id=message.correlation_id or id_,
            attempt=_positive(headers.get(ATTEMPT)),
            first_error=_text(headers.get(FIRST_ERROR)),
            first_failed_at=_text(headers.get(FIRST_FAILED_AT)),
            exchange=exchange,
            routing_key=routing_key,
            expired=last_death(headers).get("reason") == "expired",
            unreadable=_text(headers.get(UNREADABLE)),
        )


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def describe(error: BaseException) -> str:
    """Return an error's class and text."""
    return f"{type(error).__name__}: {error}"


def own_headers(headers: HeadersType) -> dict[str, Any]:
    """Return the publisher's own headers: without the broker's record of deaths and without ours."""
    brokers = ("x-death", "x-first-death", "x-last-death", "x-delivery-count", "x-acquired-count", "docgraph-")
    return {key: value for key, value in headers.items() if not key.startswith(brokers)}


def last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the broker's record of the last time that it moved a message; empty when it never did."""
    deaths = headers.get("x-death")
    return deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], Mapping) else {}


def head(body: bytes) -> tuple[str | None, int | None]:
    """Return the document id and version of a body that may be no event at all."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(content, Mapping):
        return None, None
    return _valid(_document_id, content.get("document_id")), _valid(_version, content.get("version"))


def _valid(adapter: TypeAdapter[Any], value: object) -> Any:
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError:
        return None


def _origin(message: AbstractIncomingMessage) -> tuple[str, str]:
    headers = message.headers
    if (exchange := _text(headers.get(EXCHANGE))) is not None:  # our own retry kept it
        return exchange, _text(headers.get(ROUTING_KEY)) or ""
    deaths = headers.get("x-death")  # the broker's record, when it moved the message over the delivery limit
    if isinstance(deaths, list) and deaths and isinstance(deaths[-1], Mapping):
        first = deaths[-1]
        keys = first.get("routing-keys")
        if isinstance(keys, list) and keys:
            return str(first.get("exchange", "")), str(keys[0])
    return message.exchange or "", message.routing_key or ""


def _positive(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None
