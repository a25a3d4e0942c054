"""The bridge with servers that are frozen or away: it comes back, and every caller hears of its task."""

import asyncio
from contextlib import asynccontextmanager

import aio_pika
import pytest
from celery import signature
from yarl import URL

from service import lifespan
from service.bridge import places
from service.bridge.setup import celery_bridge
from tests.bridge.caller import Caller
from tests.support.broker import BrokerView
from tests.support.proxy import Proxy

NOTICED_SOON = {"heartbeat": "1"}
"""aiormq gives a connection up that was silent for six seconds, with this in its URL."""


@pytest.fixture
async def caller(rabbitmq_url):
    caller = Caller(rabbitmq_url)
    yield caller
    await caller.close()


@asynccontextmanager
async def behind_a_proxy(url, **query):
    """A proxy in front of a server, and the URL that leads through it."""
    target = URL(url)
    async with Proxy(target.host, target.port) as proxy:
        yield proxy, str(target.with_host("127.0.0.1").with_port(proxy.port).update_query(query))


@pytest.mark.parametrize(
    "limits", [(NOTICED_SOON, 30.0), ({}, 10.0)], ids=["until heartbeats are missed", "until the time is up"]
)
async def test_the_bridge_comes_back_when_the_broker_freezes_while_it_opens(
    with_bridge, serve, caller, monkeypatch, limits
):
    query, startup_timeout = limits
    declare, given_up = places.declare, asyncio.Event()
    async with (
        behind_a_proxy(with_bridge().rabbitmq_url, **query) as (proxy, url),
        serve(with_bridge(rabbitmq_url=url, startup_timeout=startup_timeout)) as app,
    ):

        async def freeze_and_declare(*arguments):
            proxy.freeze()
            try:
                await declare(*arguments)
            finally:
                given_up.set()

        with monkeypatch.context() as patch:
            patch.setattr(places, "declare", freeze_and_declare)
            await proxy.cut()
            await proxy.restore()
            await asyncio.wait_for(given_up.wait(), 60)
        proxy.thaw()
        async with asyncio.timeout(60):
            while await app.context.get("bridge").problem():
                await asyncio.sleep(0.05)
        assert (await caller.ask("after", "T", "x"))["outcome"] == "created"


async def test_a_task_is_answered_when_only_the_services_other_connection_freezes(
    with_bridge, serve, caller, rabbitmq_url, monkeypatch
):
    """The completion goes out on that one; what holds the task is the bridge's own, and nobody redelivers it."""

    async def direct(settings, *rest):
        return await celery_bridge(settings.model_copy(update={"rabbitmq_url": rabbitmq_url}), *rest)

    monkeypatch.setattr(lifespan, "celery_bridge", direct)
    async with (
        behind_a_proxy(rabbitmq_url, **NOTICED_SOON) as (proxy, url),
        serve(with_bridge(rabbitmq_url=url)) as app,
    ):
        await caller.ask("before", "T", "x")
        proxy.freeze()
        result = await caller.send("meanwhile", "T", "x")
        async with asyncio.timeout(60):
            while await app.broker.ping(timeout=0.5):
                await asyncio.sleep(0.05)
        proxy.thaw()
        assert (await caller.get(result))["outcome"] == "created"


@pytest.fixture
async def redis_caller(rabbitmq_url, redis_server):
    caller = Caller(rabbitmq_url, redis_server.url)
    yield caller
    await caller.close()


@pytest.fixture
async def redis(redis_server):
    """Redis as the service sees it: a proxy that can be cut and frozen, and its URL."""
    async with behind_a_proxy(redis_server.url) as found:
        yield found


async def counted(app, state):
    """Wait until a task was counted under a state."""
    registry = app.context.get("bridge")._worker._metrics.registry
    async with asyncio.timeout(60):
        while not registry.get_sample_value("docgraph_celery_tasks_total", {"state": state}):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("frozen", [False, True], ids=["it refuses", "it is frozen"])
async def test_a_redis_that_is_away_keeps_only_its_own_callers_waiting(with_bridge, serve, redis_caller, redis, frozen):
    proxy, url = redis
    proxy.freeze() if frozen else await proxy.cut()
    settings = with_bridge(celery_result_url=url, prefetch=1)
    hurried = Caller(settings.rabbitmq_url)
    async with serve(settings), BrokerView(settings.rabbitmq_url) as view:
        patient = [await redis_caller.send(f"patient {number}", "T", "x") for number in range(3)]
        assert (await hurried.ask("hurried", "T", "x"))["outcome"] == "created"
        proxy.thaw() if frozen else await proxy.restore()
        for result in patient:
            assert (await redis_caller.get(result))["causation_id"] == result.id
        assert not await view.dead()
        assert [message.type for message in await view.until(4)] == ["document.processed"] * 4
    await hurried.close()


async def test_a_task_that_fails_while_redis_is_away_is_dead_lettered_once(with_bridge, serve, redis_caller, redis):
    proxy, url = redis
    await proxy.cut()
    # The hold is over before Redis is back.
    settings = with_bridge(celery_result_url=url, hold_timeout=3.0)
    async with serve(settings) as app, BrokerView(settings.rabbitmq_url) as view:
        result = await redis_caller.send("bad")
        async with asyncio.timeout(30):
            while not await view.depth("documents.celery.eta.4s"):
                await asyncio.sleep(0.05)
        await proxy.restore()
        assert isinstance(await redis_caller.outcome(result), TypeError)
        await counted(app, "failure")
        assert [message.type for message in await view.until(1)] == ["document.failed"]
        assert len(await view.dead()) == 1


async def test_a_caller_is_given_up_when_its_result_would_have_expired(with_bridge, serve, redis_caller, redis):
    proxy, url = redis
    await proxy.cut()
    settings = with_bridge(celery_result_url=url, celery_result_expires=1.5)
    async with serve(settings) as app, BrokerView(settings.rabbitmq_url) as view:
        result = await redis_caller.send("forgotten", "T", "x")
        await counted(app, "untold")
        assert [message.type for message in await view.until(1)] == ["document.processed"]
        assert not await view.dead()
        await redis_caller.do(result.forget)


async def test_a_callback_waits_for_room_in_its_queue_and_its_task_does_not(with_bridge, serve, caller):
    settings = with_bridge()
    async with serve(settings) as app, BrokerView(settings.rabbitmq_url) as view:
        full = {"x-max-length": 1, "x-overflow": "reject-publish"}
        queue = await view.channel.declare_queue("narrow", durable=True, arguments=full)
        await view.channel.default_exchange.publish(aio_pika.Message(b"first"), "narrow")
        links = [signature("notify", app=caller.app, options={"queue": name}) for name in ("wide", "narrow")]
        answer = await caller.ask("linked", "T", "x", link=links)
        assert answer["outcome"] == "created"
        async with asyncio.timeout(30):
            while not await view.depth("documents.celery.eta.4s"):
                await asyncio.sleep(0.05)
        await queue.purge()
        await counted(app, "success")
        assert (await view.depth("wide"), await view.depth("narrow")) == (1, 1)
        assert [message.type for message in await view.until(1)] == ["document.processed"]
        assert not await view.dead()


@pytest.mark.parametrize(
    "options",
    [
        {"exchange": "nowhere", "routing_key": "x"},
        {"exchange": "closed", "routing_key": "x"},
        {"queue": "wide", "priority": "high"},
    ],
    ids=["there is no such exchange", "the exchange may not be used", "an option makes no sense"],
)
async def test_a_callback_that_cannot_be_sent_is_left_out(with_bridge, serve, caller, options):
    settings = with_bridge()
    async with serve(settings) as app, BrokerView(settings.rabbitmq_url) as view:
        # RabbitMQ refuses publishes to an internal exchange as it does those without permission.
        await view.channel.declare_exchange("closed", "fanout", internal=True)
        link = signature("notify", app=caller.app, options=options)
        assert (await caller.ask("linked", "T", "x", link=link))["outcome"] == "created"
        await counted(app, "success")
        assert [message.type for message in await view.until(1)] == ["document.processed"]
        assert not await view.dead()
