"""The async driver: opened once per process, inside its loop, with its connections warm."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase, Auth, basic_auth
from neo4j.auth_management import AsyncAuthManager
from neo4j.exceptions import ConfigurationError, Neo4jError, ServiceUnavailable, SessionExpired

from service import __version__
from service.errors import StartupError
from service.graph.resets import tell_resets

SPARE_CONNECTIONS = 2
"""Beside one a transaction: the readiness probe and the sweeper."""


@dataclass(frozen=True, slots=True)
class GraphAddress:
    """Where the graph is and how to log on."""

    uri: str
    username: str
    password: str
    """Empty: no authentication."""
    database: str
    password_file: Path | None = None
    """Where the password was read from; read again when Neo4j refuses it, as after a rotation."""


def open_driver(address: GraphAddress, transactions: int) -> AsyncDriver:
    """Return a driver that has not yet connected.

    Args:
        address: where the graph is.
        transactions: write transactions at a time; the pool holds a few connections more, so a leak shows at once.

    """
    tell_resets()
    try:
        return AsyncGraphDatabase.driver(
            address.uri,
            auth=_auth(address),
            max_connection_pool_size=transactions + SPARE_CONNECTIONS,
            connection_acquisition_timeout=15.0,
            connection_timeout=5.0,
            connection_write_timeout=15.0,
            max_connection_lifetime=3000.0,
            # Short: these retries are for races and lost leaders; a server that is away is waited for by the committer.
            max_transaction_retry_time=3.0,
            # The driver's first retry waits a second by default; a deadlock is over in milliseconds.
            initial_retry_delay=0.05,
            retry_delay_multiplier=2.0,
            retry_delay_jitter_factor=0.5,
            telemetry_disabled=True,
            notifications_min_severity="OFF",
            user_agent=f"docgraph/{__version__}",
        )
    except (ConfigurationError, ValueError) as error:
        msg = f"NEO4J_URI: expected a Bolt URI such as bolt://host:7687: {error}"
        raise StartupError(msg) from None


def _auth(address: GraphAddress) -> Auth | AsyncAuthManager | None:
    if not address.password:
        return None
    if address.password_file is None:
        return basic_auth(address.username, address.password)
    return _FromFile(address.username, address.password_file)


class _FromFile(AsyncAuthManager):
    """Reads the password for each transaction: a file of a few bytes, and a rotated one takes effect at once.

    Not the driver's own manager for changing passwords: it does not ask again when a new connection is refused.
    """

    def __init__(self, username: str, file: Path) -> None:
        self._username = username
        self._file = file

    async def get_auth(self) -> Auth:
        return basic_auth(self._username, read_secret(self._file))

    async def handle_security_exception(self, auth: Any, error: Neo4jError) -> bool:
        return False


def read_secret(file: Path) -> str:
    """Return what a secret's file holds, without the line end that editors add."""
    return file.read_text(encoding="utf-8").rstrip("\r\n")


async def connect(driver: AsyncDriver, address: GraphAddress, *, connections: int, timeout: float) -> None:
    """Log on, and open `connections` connections before work starts.

    A new connection costs some 44 ms, as the driver does not set TCP_NODELAY: opened here, no document pays for it.

    Args:
        driver: from `open_driver`.
        address: the same address.
        connections: how many to open.
        timeout: seconds to wait for a server that does not answer yet.

    Raises:
        StartupError: the server does not answer in time or refuses; names the setting to look at.

    """
    deadline = time.monotonic() + timeout
    while problem := await _refusal(driver, address, deadline):
        if time.monotonic() > deadline:
            msg = f"{problem} (for {timeout:g} s)"
            raise StartupError(msg)
        await asyncio.sleep(0.5)
    await asyncio.gather(*(ping(driver, address.database) for _ in range(connections)))


async def _refusal(driver: AsyncDriver, address: GraphAddress, deadline: float) -> str | None:
    """Return why the server does not answer yet; None when it does.

    Raises:
        StartupError: waiting will not help.

    """
    where = f"expected Neo4j at {address.uri} to"
    try:
        # One connection first: Neo4j locks a user out who gives a wrong password a few times in a row.
        async with asyncio.timeout(max(deadline - time.monotonic(), 1.0)):
            await ping(driver, address.database)
    except (ServiceUnavailable, SessionExpired, OSError, TimeoutError) as error:
        return f"NEO4J_URI: {where} answer, got {str(error) or 'no answer'}"
    except Neo4jError as error:
        code = str(error.code)
        problem = f"NEO4J_URI: {where} answer, got {error.message}"
        if code.startswith("Neo.ClientError.Security."):
            problem = f"NEO4J_PASSWORD: {where} accept user {address.username!r}, got {error.message}"
        elif code == "Neo.ClientError.Database.DatabaseNotFound":
            problem = f"NEO4J_DATABASE: {where} have database {address.database!r}, got {error.message}"
        if error.is_retryable() or code.endswith(".AuthenticationRateLimit"):
            return problem
        raise StartupError(problem) from None
    return None


async def ping(driver: AsyncDriver, database: str) -> None:
    """Make one round trip through the database."""
    async with driver.session(database=database) as session:
        result = await session.run("RETURN 1")
        await result.consume()
