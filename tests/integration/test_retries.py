"""What fails for a while is tried again later; what fails for good, or kills its process, ends in the dead letters."""

import asyncio
import json
import signal

import pytest

from schemas import Reason, completion_id
from service.delivery.connection import connected
from service.delivery.stream import read_stream
from service.errors import GraphUnavailableError
from tests.integration.deadly import KILLER
from tests.support.broker import BrokerView
from tests.support.processes import a_process


class Failing:
    """Stands before the committer's `commit` and fails so many times for each document."""

    def __init__(self, commit, times, error):
        self._commit = commit
        self.times = times
        self.error = error
        self.seen = []

    async def __call__(self, change):
        self.seen.append(change.event_id)
        if self.seen.count(change.event_id) <= self.times:
            raise self.error
        return await self._commit(change)


def fail(service, times, error):
    committer = service.context.get("committer")
    committer.commit = Failing(committer.commit, times, error)
    return committer.commit


async def test_a_transient_error_is_retried_after_the_delay_and_then_succeeds(service, broker, graph):
    fail(service, 1, GraphUnavailableError("away"))
    id_ = await broker.submit("a")
    answer = await broker.answer(id_)
    assert (answer["outcome"], answer["attempt"]) == ("created", 2)
    assert await broker.depth("documents.retry.1s") == 0
    assert await broker.dead() == []
    assert await graph.texts("a") == ["Some text."]


async def test_a_retry_holds_no_delivery_so_others_pass(service, broker):
    failing = fail(service, 0, GraphUnavailableError("away"))
    failing.times = 1
    first = await broker.submit("a")
    await broker.depth("documents.submitted")
    others = [await broker.submit(f"d{n}") for n in range(3)]
    for id_ in (first, *others):
        assert (await broker.answer(id_))["attempt"] == 2
    assert await broker.depth("documents.submitted") == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [(GraphUnavailableError("away"), Reason.GRAPH_UNAVAILABLE), (KeyError("a defect"), Reason.INTERNAL_ERROR)],
)
async def test_an_error_that_outlasts_the_tiers_is_dead_lettered_with_its_history(service, broker, error, reason):
    fail(service, 99, error)
    id_ = await broker.submit("a", 4)
    failed = await broker.answer(id_)
    assert (failed["reason"], failed["attempts"]) == (reason, 2)
    assert (failed["document_id"], failed["version"]) == ("a", 4)
    (dead,) = await broker.dead()
    headers = dead.headers
    assert (headers["docgraph-reason"], headers["docgraph-attempts"]) == (reason, 2)
    assert headers["docgraph-first-error"].startswith(type(error).__name__)
    assert headers["docgraph-first-failed-at"] < headers["docgraph-last-failed-at"]
    assert (headers["docgraph-exchange"], headers["docgraph-routing-key"]) == ("documents", "document.submitted")
    assert json.loads(dead.body)["document_id"] == "a"


async def test_poison_outlives_the_loss_of_the_dead_letter_queue(service, broker):
    await broker.channel.queue_delete("documents.dead")
    poison = [await broker.publish("document.submitted", b"[]") for _ in range(3)]
    for id_ in poison:
        failed = await broker.answer(id_)
        assert (failed["reason"], failed["attempts"]) == ("invalid_event", 1)
    assert sorted(message.message_id for message in await broker.dead()) == sorted(poison)


async def test_a_retry_outlives_the_loss_of_its_tier(service, broker):
    # Once while there is no tier, once to go through it.
    fail(service, 2, GraphUnavailableError("away"))
    await broker.channel.queue_delete("documents.retry.1s")
    id_ = await broker.submit("a")
    answer = await broker.answer(id_)
    assert (answer["outcome"], answer["attempt"]) == ("created", 2)


async def test_completions_go_out_again_after_the_loss_of_their_exchange(service, broker, rabbitmq_url):
    await broker.channel.exchange_delete("documents.completions")
    id_ = await broker.submit("a")

    async with asyncio.timeout(30), connected(rabbitmq_url) as connection:
        while not (found := [event async for event in read_stream(connection, "documents.completions.journal")]):
            await asyncio.sleep(0.2)
    assert [(event.type, event.message_id) for event in found] == [
        ("document.processed", completion_id(id_, "document.processed"))
    ]
    assert await broker.dead() == []


async def test_one_dead_document_leaves_its_neighbours_alone(service, broker):
    fail(service, 0, None)
    ids = [await broker.submit(f"d{n}") for n in range(5)]
    bad = await broker.publish("document.submitted", b"[]")
    ids += [await broker.submit(f"e{n}") for n in range(5)]
    for id_ in ids:
        assert (await broker.answer(id_))["outcome"] == "created"
    assert (await broker.answer(bad))["reason"] == "invalid_event"


async def test_a_message_that_is_never_answered_ends_as_a_crash_loop(serve, settings, graph):
    """Each delivery ends with the death of the worker that holds it."""
    stubborn = settings.model_copy(update={"delivery_limit": 2})
    async with serve(stubborn), BrokerView(stubborn.rabbitmq_url):
        pass  # declares the topology
    async with BrokerView(stubborn.rabbitmq_url) as broker:
        id_ = await broker.submit("poison")
        for _ in range(3):
            await broker.hold_and_die("documents.submitted")
        async with a_process(stubborn) as service:
            await service.ready()
            failed = await broker.answer(id_)
            assert failed["reason"] == "crash_loop"
            assert failed["document_id"] == "poison"
            (dead,) = await broker.dead()
            assert dead.headers["docgraph-reason"] == "crash_loop"
            assert (dead.headers["docgraph-exchange"], dead.headers["docgraph-routing-key"]) == (
                "documents",
                "document.submitted",
            )
            next_id = await broker.submit("next")
            assert (await broker.answer(next_id))["outcome"] == "created"
            assert await service.stop() == 0


async def test_a_document_that_kills_its_process_ends_as_a_crash_loop_and_its_neighbours_are_processed(
    serve, settings, graph
):
    deadly = "tests.integration.deadly:app"
    async with serve(settings):
        pass  # declares the topology
    async with BrokerView(settings.rabbitmq_url) as broker:
        ids = [await broker.submit(f"d{number}") for number in range(3)]
        killer = await broker.submit(KILLER)
        ids += [await broker.submit(f"d{number}") for number in range(3, 6)]
        # One may be answered, and its acknowledgement lost with the process.
        while await broker.depth("documents.submitted") > 1:
            async with a_process(settings, app=deadly) as service:
                assert await service.exit_code() == -signal.SIGKILL
            await until_returned(broker)
            assert await broker.depth("documents.crashed") == 0, "all lives are used up, and not all are answered"
        for id_ in ids:
            assert (await broker.answer(id_))["outcome"] == "created"

        while await broker.depth("documents.submitted"):
            # Further deaths, without a service for each.
            await broker.hold_and_die("documents.submitted")
            await until_returned(broker)
        async with a_process(settings, app=deadly) as service:
            failed = await broker.answer(killer)
            assert (failed["reason"], failed["document_id"]) == ("crash_loop", KILLER)
            (dead,) = await broker.dead()
            assert (dead.message_id, dead.headers["docgraph-reason"]) == (killer, "crash_loop")
            assert (await broker.answer(await broker.submit("next")))["outcome"] == "created"
            assert await service.stop() == 0
    assert (await graph.counts())["documents"] == len(ids) + 1


async def until_returned(broker):
    """Wait until a message whose holder has died is in a queue again: its own, or the one behind the delivery limit."""
    async with asyncio.timeout(20):
        while not (await broker.depth("documents.submitted") or await broker.depth("documents.crashed")):
            await asyncio.sleep(0.02)


async def test_an_event_whose_time_to_live_is_over_is_told_from_a_crash_loop(serve, settings, graph):
    async with serve(settings), BrokerView(settings.rabbitmq_url):
        pass  # declares the topology
    async with BrokerView(settings.rabbitmq_url) as broker:
        id_ = await broker.publish(
            "document.submitted", {"document_id": "a", "version": 1, "text": "x"}, expiration=0.1
        )
        async with asyncio.timeout(20):
            while not await broker.depth("documents.crashed"):
                await asyncio.sleep(0.05)
        async with serve(settings):
            failed = await broker.answer(id_)
            assert (failed["reason"], failed["document_id"], failed["attempts"]) == ("invalid_event", "a", 1)
            assert "time to live was over" in failed["detail"]
            (dead,) = await broker.dead()
            assert dead.expiration is None
