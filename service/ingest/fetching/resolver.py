"""Names become addresses here, and the address that is returned is the one that is connected to."""

import asyncio
import socket
from concurrent.futures import Executor
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from service.ingest.fetching.addresses import Guard, forbidden_address


class GuardedResolver(AbstractResolver):
    """Returns permitted addresses only.

    A check before the request would ask the DNS twice, and the second answer may be another one (DNS rebinding).
    """

    def __init__(self, guard: Guard, threads: Executor) -> None:
        self._guard = guard
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the host's permitted addresses.

        Raises:
            FetchForbiddenError: it has others only.
            OSError: it has none, or the DNS does not answer.

        """
        # In threads of its own: a DNS that hangs must not fill the loop's.
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port, family)
        permitted = [result for result in found if self._guard.permits(host, ip_address(_bare(result["host"])))]
        if found and not permitted:
            raise forbidden_address()
        return permitted

    async def close(self) -> None:
        """Nothing to close: the threads are the fetcher's."""


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    return [
        ResolveResult(
            hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
        )
        for kind, _, protocol, _, address in socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    ]


def _bare(address: str) -> str:
    return address.partition("%")[0]
