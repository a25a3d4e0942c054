"""Looking a document up in a graph that is away."""

import asyncio

from neo4j.exceptions import ServiceUnavailable
from structlog.testing import capture_logs

from service.graph.registers import Registers


class Away:
    """A driver that finds no server for so many queries, and then no document."""

    def __init__(self, queries):
        self.queries = queries

    async def execute_query(self, *args, **kwargs):
        self.queries -= 1
        if self.queries >= 0:
            raise ServiceUnavailable("no server")
        return [], None, None


async def test_many_documents_that_wait_tell_of_an_outage_once(monkeypatch):
    monkeypatch.setattr("service.graph.registers.FIRST_PAUSE", 0)
    driver = Away(1000)
    registers = Registers(driver, "neo4j", timeout=5, hold=60)
    for _ in range(2):
        with capture_logs() as told:
            driver.queries = 1000
            found = await asyncio.gather(*(registers.state(f"d{number}") for number in range(100)))
        assert found == [None] * 100
        assert [line["event"] for line in told] == ["graph is away; documents wait to be looked up"]
