"""The bridge in operation: priorities, servers that are away, redeliveries, tasks that expire, a queue that is gone."""

import asyncio
import json
import shlex

import aio_pika
import pytest
from celery.exceptions import NotRegistered, TaskRevokedError
from kombu.transport.native_delayed_delivery import (
    bind_queue_to_native_delayed_delivery_exchange,
    declare_native_delayed_delivery_exchanges_and_queues,
)
from yarl import URL

from service.bridge import places
from service.bridge.lanes import DELAYS
from service.bridge.mapping import TaskMapping
from service.bridge.places import CELERY, RETURNED, REVOKED, counts
from service.bridge.policy import policy_command, policy_is_missing
from service.delivery.connection import connected
from service.delivery.dead_letter_work import replay
from service.delivery.dead_letters import Wanted
from service.delivery.stream import read_stream
from service.delivery.topology import RETRY
from tests.bridge.caller import QUEUE, Caller
from tests.support.broker import BrokerView
from tests.support.counting import CountingProxy
from tests.support.proxy import Proxy
from tests.support.vhosts import private_stack


@pytest.fixture
async def caller(rabbitmq_url):
    caller = Caller(rabbitmq_url)
    yield caller
    await caller.close()


def task(document_id, **headers):
    """A task message as a client of Celery's sends it."""
    body = json.dumps([[document_id, "T", "Some text."], {}, {}]).encode()
    all_headers = {"task": "process_document", "id": f"task-{document_id}", **headers}
    return aio_pika.Message(body, headers=all_headers, content_type="application/json", delivery_mode=2)


async def test_without_queues_of_callers_nothing_of_the_bridge_is_there(settings, serve):
    target = URL(settings.rabbitmq_url)
    async with CountingProxy(target.host, target.port) as proxy:
        url = str(target.with_host("127.0.0.1").with_port(proxy.port))
        async with (
            serve(settings.model_copy(update={"rabbitmq_url": url})) as app,
            BrokerView(settings.rabbitmq_url) as view,
        ):
            assert app.context.get("bridge") is None
            await view.answer(await view.submit("a"))
            assert proxy.accepted == 1
            for queue in (CELERY, RETURNED, REVOKED, *(f"{CELERY}.eta.{delay}s" for delay in DELAYS)):
                assert await counts(view.connection, queue) is None


async def test_a_priority_queue_of_the_callers_is_served_by_priority(with_bridge, serve, rabbitmq_url):
    settings = with_bridge(prefetch=1, batch_size=1)
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(QUEUE, durable=True, arguments={"x-max-priority": 10})
        for number, priority in enumerate((0, 0, 0, 9)):
            message = task(f"p{number}")
            message.priority = priority
            await channel.default_exchange.publish(message, QUEUE)
        answers = await channel.declare_queue("answers")
        await channel.declare_exchange("documents.completions", "topic", durable=True)
        await answers.bind("documents.completions", "#")
        async with serve(settings):
            seen = []
            async with answers.iterator(no_ack=True) as messages:
                async for message in messages:
                    seen.append(json.loads(message.body)["document_id"])
                    if len(seen) == 4:
                        break
    assert seen == ["p3", "p0", "p1", "p2"]


async def test_a_task_is_retried_while_the_graph_is_away(with_bridge, serve, caller, graph_address):
    target = URL(graph_address.uri)
    async with Proxy(target.host, target.port) as proxy:
        settings = with_bridge(
            neo4j_uri=f"bolt://127.0.0.1:{proxy.port}", hold_timeout=2.0, retry_delays=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
        )
        async with serve(settings):
            states = []
            loop, told = asyncio.get_running_loop(), asyncio.Event()

            def note(meta):
                states.append(meta["status"])
                loop.call_soon_threadsafe(told.set)

            await proxy.cut()
            result = await caller.send("retried", "T", "Some text.")
            answer = asyncio.create_task(caller.get(result, on_message=note))
            await asyncio.wait_for(told.wait(), 60)
            await proxy.restore()
            assert (await answer)["attempt"] >= 2
    assert states[0] == "RETRY"
    assert states[-1] == "SUCCESS"


async def test_a_result_waits_for_redis_to_come_back(with_bridge, serve, rabbitmq_url, redis_server):
    target = URL(redis_server.url)
    async with Proxy(target.host, target.port) as proxy:
        settings = with_bridge(celery_result_url=f"redis://127.0.0.1:{proxy.port}/0")
        await proxy.cut()
        caller = Caller(rabbitmq_url, redis_server.url)
        async with serve(settings), BrokerView(rabbitmq_url) as view:
            result = await caller.send("patient", "T", "Some text.")
            await view.answer(result.id)  # the document is done, only its caller waits
            await proxy.restore()
            assert (await caller.get(result))["outcome"] == "created"
            assert not await view.dead()
        await caller.close()


QUORUM = {
    "task_default_queue_type": "quorum",
    "task_default_exchange_type": "topic",
    "task_create_missing_queue_type": "quorum",
    "task_create_missing_queue_exchange_type": "topic",
}
"""Settings of a client that leaves the waiting for an ETA to Celery's delay queues."""


async def test_an_eta_of_a_client_with_quorum_queues_is_waited_for(with_bridge, serve, rabbitmq_url):
    caller = Caller(rabbitmq_url, **QUORUM)
    async with serve(with_bridge()), BrokerView(rabbitmq_url) as view:
        later = await caller.send("later", "T", "x", countdown=3600)
        async with asyncio.timeout(30):
            while not await view.depth(f"{CELERY}.eta.1024s"):
                await asyncio.sleep(0.05)
        assert (await caller.ask("soon", "T", "x", countdown=2))["outcome"] == "created"
        exchange = {"exchange": CELERY, "exchange_type": "topic", "routing_key": CELERY}
        assert (await caller.ask("by exchange", "T", "x", countdown=1, **exchange))["outcome"] == "created"
        await caller.do(later.forget)
    await caller.close()


async def test_an_eta_that_celerys_own_delay_queues_keep_is_left_to_them(with_bridge, serve, rabbitmq_url):
    caller = Caller(rabbitmq_url, **QUORUM)

    queue = caller.app.amqp.queues[QUEUE]

    def declare(*, as_a_worker):
        with caller.app.connection_for_write() as connection:
            queue(connection.default_channel).declare()
            if as_a_worker:
                declare_native_delayed_delivery_exchanges_and_queues(connection, "quorum")
                bind_queue_to_native_delayed_delivery_exchange(connection, queue)

    await caller.do(declare, as_a_worker=False)
    async with serve(with_bridge()):
        pass  # a bridge that came before the workers
    await caller.do(declare, as_a_worker=True)
    async with serve(with_bridge()), BrokerView(rabbitmq_url) as view:
        later = await caller.send("later", "T", "x", countdown=3600)
        answer = await caller.ask("soon", "T", "x", countdown=2)
        assert answer["outcome"] == "created"
        assert not await view.depth(f"{CELERY}.eta.1024s")
        await caller.do(later.forget)
    await caller.close()


async def test_a_task_whose_queue_was_deleted_is_finished_and_the_queue_is_consumed_again(
    with_bridge, serve, caller, rabbitmq_url
):
    async with serve(with_bridge()) as app, BrokerView(rabbitmq_url) as view:
        await caller.ask("before", "T", "x")
        await view.channel.queue_delete(QUEUE)
        async with asyncio.timeout(60):
            while await app.context.get("bridge").problem() or QUEUE in await app.context.get("bridge")._session.deaf():
                await asyncio.sleep(0.05)
        assert (await caller.ask("after", "T", "x"))["outcome"] == "created"


async def revoked_while_it_waits(caller, view, document_id, *, seconds):
    """Send a task with an ETA, revoke it while it waits for that, and return its result once that is written down."""
    result = await caller.send(document_id, "T", "x", countdown=seconds)
    lane = max(delay for delay in DELAYS if delay < seconds)
    async with asyncio.timeout(30):
        while not await view.depth(f"{CELERY}.eta.{lane}s"):
            await asyncio.sleep(0.05)
        await caller.do(caller.app.control.revoke, result.id, reply=True, timeout=20, limit=1)
        while not [message async for message in read_stream(view.connection, REVOKED)]:
            await asyncio.sleep(0.05)
    return result


async def test_a_task_stays_revoked_when_the_process_that_heard_of_it_is_replaced(with_bridge, serve, caller, graph):
    settings = with_bridge()
    async with serve(settings), BrokerView(settings.rabbitmq_url) as view:
        result = await revoked_while_it_waits(caller, view, "revoked", seconds=6)
    async with serve(settings):
        assert isinstance(await caller.outcome(result), TaskRevokedError)
    assert (await graph.counts())["documents"] == 0


async def test_a_dead_task_is_replayed_to_the_queue_it_came_from_and_its_caller_hears_of_it(
    with_bridge, serve, rabbitmq_url, redis_server
):
    caller = Caller(rabbitmq_url, redis_server.url)
    settings = with_bridge(celery_result_url=redis_server.url)
    async with serve(settings):
        result = await caller.send("buried", "T", "x", task="index")
        assert isinstance(await caller.outcome(result), NotRegistered)
    known = {"celery_tasks": {"index": TaskMapping()}}
    async with serve(settings.model_copy(update=known)), connected(rabbitmq_url) as connection:
        assert (await replay(connection, Wanted())).done == 1
        async with asyncio.timeout(30):
            while await caller.do(lambda: caller.app.AsyncResult(result.id).state) != "SUCCESS":
                await asyncio.sleep(0.05)
    answer = await caller.get(caller.app.AsyncResult(result.id))
    assert (answer["document_id"], answer["causation_id"]) == ("buried", result.id)
    await caller.close()


async def test_what_is_redelivered_goes_to_the_queue_that_counts_and_is_done(with_bridge, serve, rabbitmq_url):
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(QUEUE, durable=True)
        replies = await channel.declare_queue("replies", durable=True)
        message = task("again")
        message.reply_to = replies.name
        await channel.default_exchange.publish(message, QUEUE)
        await BrokerView(rabbitmq_url).hold_and_die(QUEUE)
        async with serve(with_bridge()), replies.iterator(timeout=60, no_ack=True) as answers:
            reply = json.loads((await anext(answers)).body)
    assert reply["status"] == "SUCCESS"
    assert reply["result"]["document_id"] == "again"


async def test_a_message_over_the_delivery_limit_is_answered_and_kept(with_bridge, serve, rabbitmq_url):
    async with serve(with_bridge()), BrokerView(rabbitmq_url) as view:
        # As the broker moves it: the reply goes to the caller, the message to the dead letters.
        replies = await view.channel.declare_queue(exclusive=True)
        message = task("looping")
        message.reply_to = replies.name
        message.headers["x-death"] = [
            {
                "reason": "delivery_limit",
                "queue": "documents.celery",
                "exchange": "documents.celery",
                "count": 1,
                "routing-keys": ["document"],
            }
        ]
        exchange = await view.channel.get_exchange(RETURNED, ensure=False)
        await exchange.publish(message, "document")
        completion = await view.answer("task-looping")
        assert (completion["kind"], completion["reason"]) == ("document.failed", "crash_loop")
        async with asyncio.timeout(30), replies.iterator() as answers:
            reply = await anext(answers)
        assert json.loads(reply.body)["result"]["exc_type"] == "CrashLoopError"
        (letter,) = await view.dead()
        assert letter.headers["docgraph-exchange"] == "documents.celery"


async def test_a_task_that_expires_in_a_queue_with_the_policy_is_revoked(with_bridge, serve, caller, rabbitmq_url):
    stack = private_stack()
    if stack is None:
        pytest.skip("setting a policy needs a RabbitMQ of our own")
    vhost = URL(rabbitmq_url).path.removeprefix("/")
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_exchange(RETRY.name, "headers", durable=True)
        await places.declare(connection, [QUEUE], 20)
        assert await policy_is_missing(connection, QUEUE)
        command = policy_command([QUEUE], rabbitmq_url)
        assert f"-p {vhost} " in command
        await asyncio.to_thread(stack.rabbitmq.ctl, *shlex.split(command)[1:])
        async with asyncio.timeout(30):
            while await policy_is_missing(connection, QUEUE):
                await asyncio.sleep(0.1)
    result = await caller.send("late", "T", "x", expires=0.2)
    await asyncio.sleep(0.3)  # expires unseen, as nobody consumes yet
    async with serve(with_bridge()):
        assert isinstance(await caller.outcome(result), TaskRevokedError)
