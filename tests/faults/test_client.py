"""Callers of the client while the broker dies and comes back: each gets its answer, or an error that tells."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.client import ClientError, Docgraph, DocumentProcessed
from service.settings import Settings
from tests.support.processes import a_process

CALLS = 1000
THREADS = 8


@pytest.fixture
def settings(stack, vhost):
    return Settings(
        RABBITMQ_URL=stack.rabbitmq.url(vhost),
        NEO4J_URI=stack.neo4j.uri,
        NEO4J_USERNAME="neo4j",
        NEO4J_PASSWORD=stack.env()["NEO4J_PASSWORD"],
        NEO4J_DATABASE="neo4j",
        retry_delays=(1.0,),
        startup_timeout=60,
        shutdown_grace=10,
    )


async def killed(rabbitmq):
    await asyncio.to_thread(rabbitmq.kill)
    await asyncio.to_thread(rabbitmq.start)


async def stopped_and_started(rabbitmq):
    await asyncio.to_thread(rabbitmq.ctl, "stop_app")
    await asyncio.to_thread(rabbitmq.ctl, "start_app")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("outage", [killed, stopped_and_started])
async def test_of_a_thousand_calls_from_eight_threads_each_is_answered_while_the_broker_goes_away(
    stack, settings, outage
):
    before = set(threading.enumerate())
    third = threading.Event()
    results = []

    async with a_process(settings) as service:
        await service.ready()
        docgraph = Docgraph(settings.rabbitmq_url, wait_timeout=120)

        def call(number):
            try:
                result = docgraph.submit_and_wait(f"d{number}", text=f"Text number {number}.", version=1)
            except ClientError as error:
                result = error
            results.append((number, result))
            if len(results) == CALLS // 3:
                third.set()

        with ThreadPoolExecutor(THREADS) as pool:
            calls = [pool.submit(call, number) for number in range(CALLS)]
            await asyncio.to_thread(third.wait)
            await outage(stack.rabbitmq)
            await asyncio.gather(*(asyncio.wrap_future(one) for one in calls))

        assert sorted(number for number, _ in results) == list(range(CALLS))
        answered = {number for number, result in results if isinstance(result, DocumentProcessed)}
        for number, result in results:
            if number in answered:
                assert result.document_id == f"d{number}"
            else:
                assert result.receipt.document_id == f"d{number}", result
                assert result.confirmed in (True, False, None)
        assert len(answered) == CALLS, [result for number, result in results if number not in answered][:5]
        await asyncio.to_thread(docgraph.close)
        assert await service.stop() == 0
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left <= {"docgraph-client"} | {name for name in left if name.startswith("asyncio_")}
