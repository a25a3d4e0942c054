"""Removes entities that lost their last link: marked first and kept for a while, as the next edit may need them."""

import asyncio
import random

import structlog
from neo4j import AsyncDriver

from service.graph.statements import statement

log = structlog.get_logger(__name__)

NOTES_PER_RUN = 10
"""Of a thousand entities at most each."""
ENTITIES_PER_RUN = 1000


class Sweeper:
    """Marks and sweeps in transactions of its own, a bounded number of entities each. Any number may run at once."""

    def __init__(self, driver: AsyncDriver, database: str, *, interval: float, grace: float) -> None:
        """Make a sweeper.

        Args:
            driver: the process's driver.
            database: the graph's database.
            interval: seconds between two sweeps, give or take a fifth.
            grace: seconds that an entity without links is kept.

        """
        self._driver = driver
        self._database = database
        self._interval = interval
        self._grace_ms = round(grace * 1000)

    async def run(self) -> None:
        """Sweep for ever; a sweep that fails is logged and made up for by the next one."""
        while True:
            await asyncio.sleep(self._interval * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret
            try:
                swept = await self.sweep()
            except Exception as error:  # noqa: BLE001 - whatever it is, entities are swept as long as the process lives
                log.warning("sweep failed", error=f"{type(error).__name__}: {error}")
            else:
                if swept:
                    log.info("entities swept", count=swept)

    async def sweep(self) -> int:
        """Mark what lost its last link, delete what was marked longer than the grace ago; return how many."""
        while (await self._run("mark_orphans", limit=NOTES_PER_RUN))["notes"] == NOTES_PER_RUN:
            pass
        swept, seen = 0, ENTITIES_PER_RUN
        while seen == ENTITIES_PER_RUN:
            counts = await self._run("sweep_orphans", limit=ENTITIES_PER_RUN, grace_ms=self._grace_ms)
            seen, swept = counts["seen"], swept + counts["swept"]
        return swept

    async def _run(self, name: str, **parameters: int) -> dict[str, int]:
        records, _, _ = await self._driver.execute_query(statement(name), parameters, database_=self._database)
        return dict(records[0])
