"""A broker that is in trouble is not the documents' fault either."""

import asyncio

import pytest
from yarl import URL

from tests.support.broker import BrokerView
from tests.support.processes import a_process
from tests.support.proxy import Proxy
from tests.support.vhosts import private_stack


@pytest.fixture
def rabbitmq(vhosts):
    if vhosts is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    return private_stack().rabbitmq


async def test_while_rabbitmq_has_an_alarm_work_is_held_and_readiness_tells(settings, graph, rabbitmq):
    address = URL(settings.neo4j_uri)
    async with Proxy(address.host, address.port) as proxy:
        through_proxy = settings.model_copy(update={"neo4j_uri": f"bolt://127.0.0.1:{proxy.port}"})
        async with a_process(through_proxy) as service:
            await service.ready()
            async with BrokerView(settings.rabbitmq_url) as broker:
                # Held for the graph, so that the service publishes only once the alarm is there.
                await proxy.cut()
                ids = [await broker.submit(f"d{number}") for number in range(20)]
                async with asyncio.timeout(30):
                    while "messages are held" not in service.log:
                        await asyncio.sleep(0.1)
                await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "absolute", "1")
                try:
                    await proxy.restore()
                    async with asyncio.timeout(30):
                        while "alarm" not in (await service.problems()).get("rabbitmq", ""):
                            await asyncio.sleep(0.1)
                finally:
                    await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "absolute", "1GB")
                for id_ in ids:
                    answer = await broker.answer(id_)
                    assert (answer["outcome"], answer["attempt"]) == ("created", 1)
                await service.ready()
                assert await broker.dead() == []
            assert await service.stop() == 0


async def test_a_queue_that_is_deleted_is_there_again_and_consumed(service, broker):
    async with broker.connection.channel() as channel:
        await channel.queue_delete("documents.submitted")
    async with asyncio.timeout(30):
        while not await is_consumed(broker, "documents.submitted"):
            await asyncio.sleep(0.1)
    id_ = await broker.submit("a")
    assert (await broker.answer(id_))["outcome"] == "created"


async def test_all_queues_that_are_deleted_are_there_again_after_a_reconnect(service, broker, rabbitmq):
    async with broker.connection.channel() as channel:
        for queue in ("documents.dead", "documents.retry.1s", "documents.journal", "documents.crashed"):
            await channel.queue_delete(queue)
    await asyncio.to_thread(rabbitmq.ctl, "close_all_user_connections", rabbitmq.username, "test")
    async with asyncio.timeout(40):
        while not await topology_is_back(broker.url):
            await asyncio.sleep(0.2)
    async with BrokerView(broker.url) as fresh:
        bad = await fresh.publish("document.submitted", b"{")
        assert (await fresh.answer(bad, within=40))["reason"] == "invalid_event"
        assert len(await fresh.dead()) == 1


async def topology_is_back(url):
    try:
        async with BrokerView(url) as view:
            queues = ("documents.dead", "documents.retry.1s", "documents.journal", "documents.crashed")
            return all([await exists(view, queue) for queue in queues]) and await view.consumers("documents.submitted")
    except (OSError, asyncio.CancelledError):
        return False


async def exists(view, queue):
    from aio_pika.exceptions import ChannelNotFoundEntity

    try:
        await view.depth(queue)
    except ChannelNotFoundEntity:
        return False
    return True


async def is_consumed(view, queue):
    return await exists(view, queue) and await view.consumers(queue) == 1
