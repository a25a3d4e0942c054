"""The copy of an event that is replayed: what it keeps, what it loses and where it goes. Pure."""

import math
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pamqp import encode

from schemas import DocumentDeleted, DocumentSubmitted
from service.delivery.envelope import Envelope, own_headers
from service.delivery.topology import DELETED, DOCUMENTS, SUBMITTED

WORK_QUEUES = {DocumentSubmitted.kind: SUBMITTED, DocumentDeleted.kind: DELETED}
"""Routing key of an input, and the queue that its handler consumes."""

# Added by the broker: a position in the journal; instructions to route further copies, which were followed already.
_BROKERS = ("x-stream-offset", "CC", "BCC")


HEADERS_LIMIT = 96 << 10
"""Bytes of the publisher's headers that a copy keeps. All properties must fit into one frame, of 128 KiB by RabbitMQ's
default, together with our own headers."""


def destination(exchange: str, routing_key: str, *, changed: bool = False) -> tuple[str, str]:
    """Return the exchange and routing key that bring a copy to the handler of the event.

    Inputs go to their work queue, through the default exchange: the other subscribers of `documents`, and its journal,
    have seen the event already. What came another way returns that way; and so does an event that was changed, or a
    graph that is rebuilt from the journal would lack it.
    """
    if not changed and exchange == DOCUMENTS.name and routing_key in WORK_QUEUES:
        return "", WORK_QUEUES[routing_key]
    return exchange, routing_key


def copy_of(message: AbstractIncomingMessage, body: bytes | None = None) -> aio_pika.Message:
    """Return a copy that starts afresh: same ids, same headers of the publisher's own, no attempts.

    Args:
        message: what lies in a queue.
        body: another body. The ids stay: an event id that was derived from the old body is the message's id now.

    """
    # Neither expiration, which would make the copy a message over the delivery limit, nor user id, which RabbitMQ
    # accepts from that user only.
    sender = Envelope.of(message)
    return aio_pika.Message(
        message.body if body is None else body,
        headers=first_headers(message),
        message_id=sender.event_id,
        correlation_id=sender.correlation_id,
        type=message.type,
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        timestamp=message.timestamp,
        app_id=message.app_id,
        reply_to=message.reply_to,
        priority=message.priority,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def first_headers(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Return the headers that the publisher gave, without those that cannot be sent once more.

    A message whose copy cannot be sent would be neither retried nor given up, for ever.
    """
    kept: dict[str, Any] = {}
    room: float = HEADERS_LIMIT
    for key, value in own_headers(message.headers).items():
        if key not in _BROKERS and (size := _size(key, writable := _writable(value))) <= room:
            kept[key] = writable
            room -= size
    return kept


def _size(key: str, value: Any) -> float:
    """Return the bytes of a header on the wire; infinite for what pamqp reads but cannot write, such as 1e300."""
    try:
        return len(encode.field_table({key: value}))
    except Exception:  # noqa: BLE001 - it raises various types
        return math.inf


def _writable(value: Any) -> Any:
    """Return a value with its bytes as pamqp writes them: it reads a string that is not UTF-8 as another type."""
    if isinstance(value, bytes):
        return bytearray(value)
    if isinstance(value, list):
        return [_writable(item) for item in value]
    if isinstance(value, dict):
        return {key: _writable(item) for key, item in value.items()}
    return value
