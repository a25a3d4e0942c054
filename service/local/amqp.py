"""The first frame of an AMQP connection: enough to know that RabbitMQ accepts clients, and which version it is."""

import re
import socket
import struct

from service.local.ports import LOOPBACK

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
FRAME_HEADER = struct.Struct(">BHI")
METHOD_FRAME = 1
CONNECTION_START = b"\x00\x0a\x00\x0a"
VERSION = re.compile(rb"\x07versionS\x00\x00\x00(.)", re.DOTALL)


def server_version(port: int, timeout: float = 2.0) -> str | None:
    """RabbitMQ's version; None when nothing answers. It listens only after its queues and users are recovered."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout) as connection:
            connection.sendall(PROTOCOL_HEADER)
            with connection.makefile("rb") as stream:
                kind, _channel, size = FRAME_HEADER.unpack(stream.read(FRAME_HEADER.size))
                payload = stream.read(size)
    except (OSError, struct.error):
        return None
    if kind != METHOD_FRAME or not payload.startswith(CONNECTION_START):
        return None
    found = VERSION.search(payload)
    return payload[found.end() : found.end() + found[1][0]].decode() if found else "unknown version"
