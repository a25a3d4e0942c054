"""The sweeper goes on as long as its process, whatever a sweep meets."""

import asyncio
from contextlib import suppress

from service.graph.sweeper import Sweeper


class BrokenOnce:
    """A driver whose first query meets a defect."""

    def __init__(self):
        self.queries = 0
        self.again = asyncio.Event()

    async def execute_query(self, *args, **kwargs):
        self.queries += 1
        if self.queries == 1:
            raise KeyError("defect")
        self.again.set()
        return [{"notes": 0, "seen": 0, "swept": 0}], None, None


async def test_a_sweep_that_meets_a_defect_is_made_up_for_by_the_next():
    driver = BrokenOnce()
    running = asyncio.create_task(Sweeper(driver, "neo4j", interval=0, grace=0).run())
    async with asyncio.timeout(5):
        await driver.again.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
