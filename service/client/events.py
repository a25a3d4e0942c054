"""Makes the events and the messages that carry them."""

import base64
import mimetypes
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aio_pika

from schemas import DocumentDeleted, DocumentSubmitted
from service.client.receipts import Receipt, utcnow

Input = DocumentSubmitted | DocumentDeleted

_TICK = timedelta(microseconds=1)


class Clock:
    """Tells the time in steps that grow: of two events without a version, the later one is the newer one."""

    def __init__(self) -> None:
        self._last = utcnow()

    def now(self) -> datetime:
        """Return the time, in UTC, and never the same twice."""
        self._last = max(utcnow(), self._last + _TICK)
        return self._last

    def complete(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an event that are given; dated when it has neither a version nor a date."""
        given = {key: value for key, value in fields.items() if value is not None}
        if isinstance(data := given.get("data"), bytes | bytearray | memoryview):
            given["data"] = base64.b64encode(data)
        if not given.keys() & {"version", "occurred_at"}:
            given["occurred_at"] = self.now()
        return given


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event with its ids, ready to be sent, and to be sent again."""

    event: Input
    receipt: Receipt

    @classmethod
    def of(cls, event: Input, event_id: str | None = None, correlation_id: str | None = None) -> "Outgoing":
        """Give an event its ids."""
        id_ = event_id or str(uuid.uuid4())
        return cls(event, Receipt(id_, event.document_id, event.order, event.kind, correlation_id or id_))

    def message(self) -> aio_pika.Message:
        """Return what goes over the wire: persistent, with the envelope that the contract wants."""
        return aio_pika.Message(
            self.event.write(),
            message_id=self.receipt.event_id,
            correlation_id=self.receipt.correlation_id,
            type=self.event.kind,
            timestamp=self.receipt.submitted_at,
            app_id="docgraph-client",
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )


def outgoing(item: Input | Mapping[str, Any], clock: Clock) -> Outgoing:
    """Read one item of `submit_many`: an event, or the arguments of `submit` by name.

    Raises:
        pydantic.ValidationError: the arguments make no event.

    """
    if isinstance(item, Mapping):
        fields = dict(item)
        ids = {name: fields.pop(name, None) for name in ("event_id", "correlation_id")}
        return Outgoing.of(DocumentSubmitted(**clock.complete(fields)), **ids)
    return Outgoing.of(item)


def read_file(path: Path, media_type: str | None) -> dict[str, Any]:
    """Read a file as the fields `data` and `media_type`; the latter is told by the suffix when it is not given."""
    return {"data": path.read_bytes(), "media_type": media_type or mimetypes.guess_type(path.name)[0]}
