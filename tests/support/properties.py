"""AMQP properties byte by byte, as no Python library writes them, but some publishers of the world do."""

import struct
from typing import Any

from pamqp import commands


class RawProperties(commands.Basic.Properties):
    """Properties that go onto the wire as the given bytes."""

    # No slots: pamqp takes `__slots__` for the list of properties.

    def __init__(self, **properties: bytes) -> None:
        super().__init__()
        self.bytes = properties

    def marshal(self) -> bytes:
        names: Any = [name for name in commands.Basic.Properties.__slots__ if name in self.bytes]
        flags = sum(self.flags[name] for name in names)
        return struct.pack(">H", flags) + b"".join(self.bytes[name] for name in names)


def raw(text: str | bytes) -> bytes:
    """A short string."""
    data = text.encode() if isinstance(text, str) else text
    return bytes([len(data)]) + data


def headers_of(entries: bytes) -> bytes:
    """A table of entries, each a short string, a type and a value."""
    return struct.pack(">I", len(entries)) + entries
