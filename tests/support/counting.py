"""Counts the connections that programs open to a server."""

import socket

from tests.support.proxy import Proxy

ESTABLISHED = 1
"""Of Linux's TCP states; a socket leaves it as soon as the other side has closed."""


class CountingProxy(Proxy):
    """Stands in front of a server and counts."""

    accepted = 0
    """Connections so far."""
    most = 0
    """The most that programs held at a time."""

    def __init__(self, host, port):
        super().__init__(host, port)
        self._sockets = []

    async def _serve(self, reader, writer):
        self.accepted += 1
        # The kernel is asked, since a program that closes one connection and opens the next
        # may be seen to open first, when both have come by the time that this loop looks.
        self._sockets = [one for one in (*self._sockets, writer.get_extra_info("socket")) if is_held(one)]
        self.most = max(self.most, len(self._sockets))
        await super()._serve(reader, writer)


def is_held(connection):
    return connection.fileno() != -1 and connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
