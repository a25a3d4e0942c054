"""Identity of events: stable under redelivery, so that a repeat is recognisable."""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f6b1c0e-5d0c-5b0e-9b5e-3c1f0a4f7d11")
"""Namespace of event ids that are derived from a body. Never change it: ids of events on the wire depend on it."""


def event_id(message_id: str | None, body: bytes) -> str:
    """Return the event id: the AMQP `message_id`, or without one a UUIDv5 of the body."""
    return message_id or str(uuid5(NAMESPACE, body.hex()))


def completion_id(causation_id: str, kind: str) -> str:
    """Return the completion's `message_id`: UUIDv5 of the input's event id and the completion's kind.

    An event id that is a UUID is the namespace itself; any other text is mapped to one first.
    """
    try:
        namespace = UUID(causation_id)
    except ValueError:
        namespace = uuid5(NAMESPACE, causation_id)
    return str(uuid5(namespace, kind))
