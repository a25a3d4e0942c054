"""Probes. Liveness depends on nothing: a restart does not mend a broker. Readiness says in JSON what is not ready."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.rabbit import RabbitBroker
from neo4j import AsyncDriver
from neo4j.exceptions import DriverError, Neo4jError

from service.delivery.consumers import deaf_queues, is_blocked, publishes
from service.graph.committer import Committer
from service.graph.driver import ping

GRAPH_TIMEOUT = 2.0
"""Seconds that the graph may take to answer."""
GRAPH_MEMORY = 2.0
"""Seconds that its answer counts: many probes are one query."""


class Readiness:
    """Whether this process does its work: its own consumers are registered and the graph answers."""

    def __init__(self, app: AsgiFastStream, broker: RabbitBroker) -> None:
        self._app = app
        self._broker = broker
        self._graph: tuple[float, str | None] = (0.0, None)

    async def problems(self) -> dict[str, str]:
        """Return what is not ready, by part; empty when all is."""
        found: dict[str, str] = {}
        if not await self._broker.ping(timeout=1.0):
            found["rabbitmq"] = "expected a connection, got none; see RABBITMQ_URL and the broker's log"
        elif is_blocked(self._broker):
            found["rabbitmq"] = "expected RabbitMQ to take publishes, but it has a memory or disk alarm; see its log"
        elif not publishes(self._broker):
            found["rabbitmq"] = "expected a channel to publish on, but it is closed; it is opened again within seconds"
        elif deaf := await deaf_queues(self._broker):
            found["consumers"] = f"expected this process to consume {', '.join(deaf)}, but it does not"
        if problem := await self._graph_problem() or self._hold():
            found["neo4j"] = problem
        if (bridge := self._app.context.get("bridge")) and (problem := await bridge.problem()):
            found["celery"] = problem
        return found

    async def _graph_problem(self) -> str | None:
        asked, problem = self._graph
        if time.monotonic() - asked > GRAPH_MEMORY:
            problem = await self._ask_graph()
            self._graph = time.monotonic(), problem
        return problem

    def _hold(self) -> str | None:
        """Return why messages are held: a graph that answers may be read-only or full."""
        committer: Committer | None = self._app.context.get("committer")
        if committer is None or committer.problem is None:
            return None
        return f"{committer.problem}; messages are held until it does"

    async def _ask_graph(self) -> str | None:
        driver: AsyncDriver | None = self._app.context.get("driver")
        if driver is None:
            return "expected a driver, got none yet: the process is starting"
        try:
            async with asyncio.timeout(GRAPH_TIMEOUT):
                await ping(driver, self._app.context.get("database"))
        except TimeoutError:
            return f"expected an answer within {GRAPH_TIMEOUT:g} s, got none; see NEO4J_URI and the server's log"
        except (Neo4jError, DriverError, OSError) as error:
            return f"expected an answer, got {type(error).__name__}: {error}"
        return None


def health_routes(app: AsgiFastStream, broker: RabbitBroker) -> list[tuple[str, Any]]:
    """Return `/livez` and `/readyz`."""
    readiness = Readiness(app, broker)

    @get(include_in_schema=False)
    async def live(scope: Any) -> AsgiResponse:
        return _json(200, {"status": "alive"})

    @get(include_in_schema=False)
    async def ready(scope: Any) -> AsgiResponse:
        problems = await readiness.problems()
        if problems:
            return _json(503, {"status": "not ready", "problems": problems})
        return _json(200, {"status": "ready"})

    return [("/livez", live), ("/readyz", ready)]


def _json(status: int, content: Mapping[str, Any]) -> AsgiResponse:
    return AsgiResponse(json.dumps(content).encode(), status, {"content-type": "application/json"})
