"""AMQP properties of strangers, read so that none of them can break the connection.

pamqp 4.0.1, which reads frames for aiormq and aio-pika, raises on a short string or a header's name that is not UTF-8,
on a time of publishing in microseconds or nanoseconds, and on a header of a type that it does not know. aiormq then
closes the connection: RabbitMQ delivers everything that was in flight again, the same message among it, and so on. No
library above has a place to hear of it, and RabbitMQ checks none of this. So the two functions that read such values
are replaced. What cannot be read is left out, and a header of ours says so; the handlers refuse the message then.
"""

import struct
from typing import Any

from pamqp import base, decode

from service.delivery.envelope import UNREADABLE

_STRICT: dict[str, Any] = {
    "shortstr": decode.short_str,
    "table": decode.field_table,
    "timestamp": decode.timestamp,
    "octet": decode.octet,
}
"""pamqp's own readers of the types that properties have."""
_WIDTHS = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"I": 4, b"i": 4, b"f": 4, b"D": 5}
_WIDTHS |= dict.fromkeys((b"l", b"L", b"d", b"T"), 8) | dict.fromkeys((b"V", b"\x00"), 0)
"""Bytes of a header's value, by its type; others begin with their length."""
_TOLD = 200
"""Characters that are told of one problem."""


def tolerate_any_properties() -> None:
    """Make this process read messages with any properties. Once is enough, twice does no harm."""
    base.BasicProperties.unmarshal = _read_properties  # type: ignore[method-assign, assignment]
    # Of method frames: the routing key of a delivery is a stranger's, too.
    decode.METHODS["shortstr"] = _short_string


def _read_properties(properties: base.BasicProperties, flags: int, data: bytes) -> None:
    problems: list[str] = []
    for name in properties.__slots__:
        if flags & properties.flags[name]:
            kind = properties.amqp_type(name)
            try:
                consumed, value = _STRICT[kind](data)
            except Exception as error:  # noqa: BLE001 - whatever it is, the connection must live on
                consumed, value = _width(kind, data), None
                if kind == "table":
                    value = _readable_headers(data[4:consumed], problems)
                else:
                    problems.append(_told(name, error))
            setattr(properties, name, value)
            data = data[consumed:]
    if problems:
        headers = dict(getattr(properties, "headers", None) or {})
        setattr(properties, "headers", headers | {UNREADABLE: "; ".join(problems)[: 10 * _TOLD]})  # noqa: B010 - a slot


def _width(kind: str, data: bytes) -> int:
    """Return how many bytes a property takes, without reading it."""
    if kind == "table":
        (length,) = struct.unpack_from(">I", data)
        return int(length) + 4
    return {"shortstr": 1 + data[0], "timestamp": 8, "octet": 1}[kind]


def _readable_headers(data: bytes, problems: list[str]) -> dict[str, Any]:
    """Return those headers that can be read: among them may be the broker's own, such as the count of deliveries."""
    headers: dict[str, Any] = {}
    while data:
        key, data = data[1 : 1 + data[0]], data[1 + data[0] :]
        width = 1 + (_WIDTHS[data[:1]] if data[:1] in _WIDTHS else 4 + struct.unpack_from(">I", data, 1)[0])
        try:
            headers[key.decode()] = decode.embedded_value(data[:width])[1]
        except Exception as error:  # noqa: BLE001 - as above
            problems.append(_told(f"header {key!r}", error))
        data = data[width:]
    return headers


def _short_string(data: bytes) -> tuple[int, str]:
    end = 1 + data[0]
    return end, data[1:end].decode("utf-8", "replace")


def _told(what: str, error: Exception) -> str:
    return f"{what}: {error}"[:_TOLD]
