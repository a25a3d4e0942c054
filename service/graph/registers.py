"""Looks a document up before it is fetched: whether the event is settled already, and which ETag there is."""

import asyncio

import structlog
from neo4j import AsyncDriver, Query, RoutingControl
from neo4j.exceptions import DriverError, Neo4jError

from service.errors import GraphUnavailableError
from service.graph.changes import DocumentState
from service.graph.failures import translate
from service.graph.properties import document_state
from service.graph.statements import statement

log = structlog.get_logger(__name__)

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
"""Seconds between two attempts at a graph that is away."""
PATIENCE = 5.0
"""Seconds more than the server's own limit."""


class Registers:
    """Reads version registers. What it returns may be out of date a moment later: the writer decides under its lock."""

    def __init__(self, driver: AsyncDriver, database: str, *, timeout: float, hold: float) -> None:
        """Make the registers of one graph.

        Args:
            driver: the process's driver.
            database: the graph's database.
            timeout: seconds until the server ends a read.
            hold: seconds that an event may wait for a graph that is away: then, as with a write, it is the retry
                tiers' turn.

        """
        self._driver = driver
        self._database = database
        self._timeout = timeout
        self._hold = hold
        self._away = False

    async def state(self, document_id: str) -> DocumentState | None:
        """Return what the graph knows of a document, without its chunks; None when it never heard of it.

        Raises:
            GraphUnavailableError: Neo4j was away for longer than events are held.

        """
        clock = asyncio.get_running_loop().time
        began, pause = clock(), FIRST_PAUSE
        while True:
            try:
                state = await self._read(document_id)
            except (Neo4jError, DriverError, OSError, TimeoutError) as error:
                problem = translate(error)
                if not isinstance(problem, GraphUnavailableError) or clock() - began > self._hold:
                    raise problem from error
                self._tell(problem)
            else:
                self._away = False
                return state
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, problem: GraphUnavailableError) -> None:
        """Say that the graph is away, once an outage and not for each document that waits."""
        if not self._away:
            log.warning("graph is away; documents wait to be looked up", problem=str(problem)[:500])
        self._away = True

    async def _read(self, document_id: str) -> DocumentState | None:
        query = Query(statement("read_register"), timeout=self._timeout)
        # From the leader: a follower that lags would not know an event that has been settled, and the event would be
        # fetched again, and perhaps answered by a failure after it was answered by a success.
        async with asyncio.timeout(self._timeout + PATIENCE):
            records, _, _ = await self._driver.execute_query(
                query, {"id": document_id}, database_=self._database, routing_=RoutingControl.WRITE
            )
        return document_state(records[0]) if records else None
