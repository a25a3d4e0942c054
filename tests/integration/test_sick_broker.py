"""A broker that is in trouble is not the documents' fault either."""

import asyncio

import pytest
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from yarl import URL

from service.delivery.consumers import deaf_queues
from service.http.health import Readiness
from service.lifecycle import StrictAsgiFastStream
from tests.support.broker import BrokerView
from tests.support.processes import a_process
from tests.support.proxy import Proxy
from tests.support.vhosts import private_stack


@pytest.fixture
def rabbitmq(vhosts):
    if vhosts is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    return private_stack().rabbitmq


@pytest.mark.parametrize(
    ("alarm", "all_clear"),
    [
        (("set_vm_memory_high_watermark", "absolute", "1"), ("set_vm_memory_high_watermark", "absolute", "1536MB")),
        (("set_disk_free_limit", "999999GB"), ("set_disk_free_limit", "50MB")),
    ],
    ids=["memory", "disk"],
)
async def test_while_rabbitmq_has_an_alarm_work_is_held_and_readiness_tells(
    settings, graph, rabbitmq, alarm, all_clear
):
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
                await asyncio.to_thread(rabbitmq.ctl, *alarm)
                try:
                    await proxy.restore()
                    async with asyncio.timeout(30):
                        while "alarm" not in (await service.problems()).get("rabbitmq", ""):
                            await asyncio.sleep(0.1)
                    # Readiness looks when it is asked, the log's watch once a second.
                    await until_told(service, "RabbitMQ takes no publishes")
                finally:
                    await asyncio.to_thread(rabbitmq.ctl, *all_clear)
                for id_ in ids:
                    answer = await broker.answer(id_)
                    assert (answer["outcome"], answer["attempt"]) == ("created", 1)
                await service.ready()
                assert await broker.dead() == []
                await until_told(service, "RabbitMQ takes publishes again")
            assert await service.stop() == 0


async def until_told(service, text):
    async with asyncio.timeout(30):
        while text not in service.log:
            await asyncio.sleep(0.1)


async def test_a_lost_connection_and_its_end_are_told(settings, graph):
    address = URL(settings.rabbitmq_url)
    async with Proxy(address.host, address.port) as proxy:
        url = str(address.with_host("127.0.0.1").with_port(proxy.port))
        async with a_process(settings.model_copy(update={"rabbitmq_url": url})) as service:
            await service.ready()
            await proxy.cut()
            await until_told(service, "RabbitMQ is away")
            await proxy.restore()
            await until_told(service, "the connection to RabbitMQ was lost and is there again")
            await service.ready()
            assert await service.stop() == 0


async def test_while_rabbitmq_is_frozen_readiness_tells_and_then_work_resumes_by_itself(settings, graph):
    address = URL(settings.rabbitmq_url)
    async with Proxy(address.host, address.port) as proxy:
        url = address.with_host("127.0.0.1").with_port(proxy.port).update_query(heartbeat="2")
        async with a_process(settings.model_copy(update={"rabbitmq_url": str(url)})) as service:
            await service.ready()
            async with BrokerView(settings.rabbitmq_url) as broker:
                proxy.freeze()
                ids = [await broker.submit(f"d{number}") for number in range(20)]
                # Its connections stay open: only the missing heartbeats tell.
                await until_told(service, "RabbitMQ is away")
                assert "expected a connection" in (await service.problems())["rabbitmq"]
                assert broker.completions == []
                proxy.thaw()
                for id_ in ids:
                    answer = await broker.answer(id_)
                    assert (answer["outcome"], answer["attempt"]) == ("created", 1)
                await service.ready()
                assert await broker.dead() == []
            assert await service.stop() == 0


async def test_a_channel_that_waits_for_the_end_of_an_alarm_does_not_keep_a_lost_connection_from_coming_back(
    service, broker, rabbitmq
):
    (mine,) = service.brokers
    lost = mine._connection.transport
    # As `connection.blocked` does.
    lost.connection._Connection__connection_unblocked.clear()
    consumer = next(one for one in mine.subscribers if one.queue.name == "documents.submitted")
    channel = await consumer._queue_obj.channel.get_underlay_channel()
    with pytest.raises(ChannelNotFoundEntity):
        await channel.queue_declare("no-such-queue", passive=True)
    await until_it_waits(consumer._queue_obj.channel)
    await asyncio.to_thread(rabbitmq.ctl, "close_all_user_connections", rabbitmq.username, "test")
    async with asyncio.timeout(30):
        while await deaf_queues(mine):
            await asyncio.sleep(0.1)
    assert mine._connection.transport is not lost
    async with BrokerView(broker.url) as fresh:
        assert (await fresh.answer(await fresh.submit("a")))["outcome"] == "created"


async def until_it_waits(channel):
    async with asyncio.timeout(10):
        while not channel._RobustChannel__restore_lock.locked():
            await asyncio.sleep(0.01)


async def test_a_publishing_channel_that_stays_closed_is_opened_again(service, broker, monkeypatch):
    (mine,) = service.brokers
    readiness = Readiness(service, mine)

    async def refuse(*_):
        raise AMQPError("no channel now")

    with monkeypatch.context() as patch:
        patch.setattr(mine._channel, "restore", refuse)
        channel = await mine._channel.get_underlay_channel()
        with pytest.raises(ChannelNotFoundEntity):
            await channel.queue_declare("no-such-queue", passive=True)
        async with asyncio.timeout(10):
            while "rabbitmq" not in (problems := await readiness.problems()):
                await asyncio.sleep(0.1)
    assert "expected a channel to publish on" in problems["rabbitmq"]
    async with asyncio.timeout(30):
        while await readiness.problems():
            await asyncio.sleep(0.1)
    assert (await broker.answer(await broker.submit("a")))["outcome"] == "created"


async def test_a_connection_that_is_gone_while_rabbitmq_accepts_others_ends_the_process(serve, settings, monkeypatch):
    monkeypatch.setattr("service.delivery.watch.INTERVAL", 0.01)
    monkeypatch.setattr("service.delivery.watch.GIVE_UP_AFTER", 2)
    given_up = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(StrictAsgiFastStream, "fail", lambda _, problem: given_up.set_result(problem))
    async with serve(settings) as app:
        connection = app.brokers[0]._connection
        connection.connected.clear()
        async with asyncio.timeout(30):
            assert "which accepts new connections" in await given_up
        connection.connected.set()


async def test_a_password_that_was_changed_ends_the_process_as_it_is_read_at_the_start(
    serve, settings, rabbitmq, monkeypatch
):
    monkeypatch.setattr("service.delivery.watch.INTERVAL", 0.01)
    monkeypatch.setattr("service.delivery.watch.GIVE_UP_AFTER", 2)
    given_up = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(StrictAsgiFastStream, "fail", lambda _, problem: given_up.set_result(problem))
    address = URL(settings.rabbitmq_url).with_user("rotating").with_password("one")
    vhost = address.path.removeprefix("/")
    await asyncio.to_thread(rabbitmq.ctl, "add_user", "rotating", "one")
    try:
        await asyncio.to_thread(rabbitmq.ctl, "set_permissions", "-p", vhost, "rotating", ".*", ".*", ".*")
        async with serve(settings.model_copy(update={"rabbitmq_url": str(address)})):
            await asyncio.to_thread(rabbitmq.ctl, "change_password", "rotating", "two")
            await asyncio.to_thread(rabbitmq.ctl, "close_all_user_connections", "rotating", "test")
            async with asyncio.timeout(30):
                assert "RabbitMQ, which refuses its user or password" in await given_up
    finally:
        await asyncio.to_thread(rabbitmq.ctl, "delete_user", "rotating")


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
    try:
        await view.depth(queue)
    except ChannelNotFoundEntity:
        return False
    return True


async def is_consumed(view, queue):
    return await exists(view, queue) and await view.consumers(queue) == 1
