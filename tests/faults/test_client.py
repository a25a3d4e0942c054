"""Callers of the client while the broker dies and comes back: each gets its answer, or an error that tells."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.client import AsyncDocgraph, ClientError, ConfirmationUnknownError, Docgraph, DocumentProcessed
from service.settings import Settings
from tests.support.processes import a_process

THREADS = 8


@pytest.fixture
def settings(stack, vhost):
    return Settings(**stack.env(vhost), retry_delays=(1.0,), startup_timeout=60, shutdown_grace=10)


async def killed(rabbitmq):
    await asyncio.to_thread(rabbitmq.kill)
    await asyncio.to_thread(rabbitmq.start)


async def stopped_and_started(rabbitmq):
    await asyncio.to_thread(rabbitmq.ctl, "stop_app")
    await asyncio.to_thread(rabbitmq.ctl, "start_app")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("outage", "count"), [(killed, 1000), (stopped_and_started, 200)])
async def test_of_many_calls_from_eight_threads_each_is_answered_while_the_broker_goes_away(
    stack, settings, outage, count
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
            if len(results) == count // 3:
                third.set()

        with ThreadPoolExecutor(THREADS) as pool:
            calls = [pool.submit(call, number) for number in range(count)]
            await asyncio.to_thread(third.wait)
            await outage(stack.rabbitmq)
            await asyncio.gather(*(asyncio.wrap_future(one) for one in calls))

        assert sorted(number for number, _ in results) == list(range(count))
        for number, result in results:
            assert isinstance(result, DocumentProcessed), (number, result.confirmed, result)
            assert result.document_id == f"d{number}"
        await asyncio.to_thread(docgraph.close)
        assert await service.stop() == 0
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert {name for name in left if not name.startswith("asyncio")} == set()  # but the test's own `to_thread`


async def test_calls_that_outlive_their_time_tell_whether_the_event_was_confirmed(stack, settings):
    async with a_process(settings) as service:
        await service.ready()
        async with AsyncDocgraph(settings.rabbitmq_url) as docgraph:
            await docgraph.submit_and_wait("a", text="Some text.", timeout=60)
            stack.rabbitmq.freeze()
            try:
                results = await asyncio.gather(
                    *(docgraph.submit_and_wait(f"late{number}", text="Some text.", timeout=2) for number in range(50)),
                    return_exceptions=True,
                )
            finally:
                stack.rabbitmq.thaw()
            for number, error in enumerate(results):
                assert isinstance(error, ConfirmationUnknownError), error
                assert error.receipt.document_id == f"late{number}"
            # Whether they had arrived or not: sent again under their ids, each is answered.
            for number, error in enumerate(results):
                again = await docgraph.submit(f"late{number}", text="Some text.", event_id=error.receipt.event_id)
                assert (await docgraph.wait(again)).outcome == "created"
        assert await service.stop() == 0
