"""A connection to Neo4j that is reset while it is idle, under the event loop that the service runs in."""

import asyncio
from dataclasses import replace

import uvloop
from yarl import URL

from service.graph.driver import connect, open_driver
from service.graph.writer import GraphWriter
from tests.support.builders import a_submission
from tests.support.proxy import Proxy

CONNECTIONS = 3
"""All places in the pool of a driver for one transaction."""


async def test_connections_that_were_reset_while_idle_are_replaced_and_no_place_in_the_pool_is_lost(
    graph_address, graph
):
    def in_uvloop():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(write_after_resets(graph_address))

    await asyncio.to_thread(in_uvloop)
    assert (await graph.counts())["documents"] == CONNECTIONS + 1


async def write_after_resets(address):
    server = URL(address.uri)
    async with Proxy(server.host, server.port or 7687) as proxy:
        here = replace(address, uri=f"bolt://127.0.0.1:{proxy.port}")
        async with open_driver(here, transactions=1) as driver:
            writer = GraphWriter(driver, here.database, timeout=10)
            for number in range(CONNECTIONS + 1):
                await connect(driver, here, connections=CONNECTIONS, timeout=10)
                idle = [one for place in driver._pool.connections.values() for one in place]
                assert len(idle) == CONNECTIONS
                proxy.reset()
                async with asyncio.timeout(10):
                    while not all(one.socket._reader.exception() for one in idle):
                        await asyncio.sleep(0.01)
                (answer,) = await writer.write([a_submission(f"d{number}", 1, "fox")])
                assert answer.outcome == "created"
