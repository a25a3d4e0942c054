"""Counts the connections that programs open to a server."""

from contextlib import suppress

from tests.support.proxy import Proxy


class CountingProxy(Proxy):
    """Stands in front of a server and counts."""

    accepted = 0
    """Connections so far."""
    open = 0
    most = 0
    """The most that were open at a time."""

    async def _serve(self, reader, writer):
        self.accepted += 1
        self.open += 1
        self.most = max(self.most, self.open)
        await super()._serve(reader, writer)
        with suppress(OSError):
            await writer.wait_closed()
        self.open -= 1
