"""How a process stops: in order, in a hurry, and while it is still starting."""

import asyncio
import base64
import signal
from contextlib import asynccontextmanager

import pytest
import uvicorn
from yarl import URL

from service.app import build_app
from service.lifecycle import _Server
from tests.support.broker import BrokerView
from tests.support.processes import a_process, free_port
from tests.support.proxy import Proxy
from tests.support.vhosts import private_stack


def a_slow_pdf() -> str:
    """A PDF that keeps its parser busy for seconds: a content stream of very many text operators."""
    import zlib

    stream = zlib.compress(b"BT /F1 12 Tf 72 700 Td (Hello slow world) Tj ET\n" * 1_500_000)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        table,
        len(objects) + 1,
        len(out),
    )
    return base64.b64encode(out).decode()


async def until_taken(broker: BrokerView, queue: str = "documents.submitted") -> None:
    async with asyncio.timeout(60):
        while await broker.depth(queue) > 0:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_requeues_what_is_in_flight(settings, graph, number):
    async with a_process(settings, DOCGRAPH_SHUTDOWN_GRACE="60") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            await broker.submit("slow", text=None, data=a_slow_pdf(), media_type="application/pdf")
            await until_taken(broker)
            service.process.send_signal(number)
            async with asyncio.timeout(60):
                while "Waiting for application shutdown" not in service.log:
                    await asyncio.sleep(0.02)
            service.process.send_signal(number)
            assert await service.exit_code(within=30) == 1
            assert "stopped" in service.log
            assert "Traceback" not in service.log
            assert await broker.depth("documents.submitted") == 1
            assert broker.completions == []
    assert (await graph.counts())["documents"] == 0


async def test_the_end_of_the_grace_requeues_what_is_in_flight(settings, graph):
    async with a_process(settings, DOCGRAPH_SHUTDOWN_GRACE="1") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            await broker.submit("slow", text=None, data=a_slow_pdf(), media_type="application/pdf")
            await until_taken(broker)
            assert await service.stop(within=15) == 1
            assert await broker.depth("documents.submitted") == 1
    assert (await graph.counts())["documents"] == 0


async def test_a_client_that_never_reads_its_answer_does_not_hold_up_the_end(settings, graph):
    async with a_process(settings, DOCGRAPH_SHUTDOWN_GRACE="60") as service:
        await service.ready()
        async with an_answer_that_nobody_reads(service.port), BrokerView(settings.rabbitmq_url) as broker:
            id_ = await broker.submit("a")
            assert (await broker.answer(id_))["outcome"] == "created"
            assert await service.stop(within=30) == 0


@asynccontextmanager
async def an_answer_that_nobody_reads(port):
    """Ask for far more than all buffers on the way hold, and read one byte of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(b"GET /docs/asyncapi.js HTTP/1.1\r\nHost: here\r\n\r\n" * 200)
    async with asyncio.timeout(30):
        await reader.readexactly(1)
    yield
    writer.transport.abort()


async def test_a_sigterm_between_the_start_and_the_first_request_is_the_first_one_all_the_same(settings, graph):
    """The app has started, and consumes, a moment before its server listens."""
    app = build_app(settings)
    server = _Server(uvicorn.Config(app), app)
    async with app.start_lifespan_context():
        app._begun = True
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.sleep(0)
        async with BrokerView(settings.rabbitmq_url) as broker:
            assert (await broker.answer(await broker.submit("a")))["outcome"] == "created"
    assert app.exit_code == 0


async def test_the_watch_ends_before_the_drain_as_consumers_that_stop_look_deaf(settings, graph, driver):
    app = build_app(settings)
    serving, draining = asyncio.Event(), asyncio.Event()

    async def run():
        async with app.start_lifespan_context():
            serving.set()
            await draining.wait()

    running = asyncio.create_task(run())
    await serving.wait()
    assert "watch" in tasks()
    async with BrokerView(settings.rabbitmq_url) as broker, driver.session(database=graph.database) as session:
        transaction = await session.begin_transaction()
        await (await transaction.run("CREATE (:Document {id: 'held', version: 0, status: 'READY'})")).consume()
        id_ = await broker.submit("held")
        await until_taken(broker)
        draining.set()
        async with asyncio.timeout(10):
            while any(subscriber.running for subscriber in app.brokers[0].subscribers):
                await asyncio.sleep(0.01)
        assert not running.done()
        assert "watch" not in tasks()
        await transaction.rollback()
        assert (await broker.answer(id_))["outcome"] == "created"
    await running
    assert app.exit_code == 0


def tasks():
    return {task.get_name() for task in asyncio.all_tasks()}


async def test_sigterm_while_it_waits_for_rabbitmq_ends_the_start(settings):
    waiting = settings.model_copy(update={"rabbitmq_url": f"amqp://127.0.0.1:{free_port()}/", "startup_timeout": 60.0})
    async with a_process(waiting) as service:
        await until_starting(service)
        assert await service.stop(within=40) == 0
        assert "stopped while starting" in service.log


async def test_sigterm_while_it_waits_for_neo4j_ends_the_start(settings):
    waiting = settings.model_copy(update={"neo4j_uri": f"bolt://127.0.0.1:{free_port()}", "startup_timeout": 60.0})
    async with a_process(waiting) as service:
        await until_starting(service)
        assert await service.stop(within=40) == 0


@pytest.mark.parametrize("server", ["rabbitmq_url", "neo4j_uri"])
async def test_sigterm_while_it_waits_for_a_frozen_server_ends_the_start(settings, server):
    address = URL(getattr(settings, server))
    async with Proxy(address.host, address.port) as proxy:
        proxy.freeze()
        through_proxy = str(address.with_host("127.0.0.1").with_port(proxy.port))
        waiting = settings.model_copy(update={server: through_proxy, "startup_timeout": 60.0})
        async with a_process(waiting) as service:
            async with asyncio.timeout(60):
                await proxy.connected.wait()
            assert await service.stop(within=40) == 0
            assert "stopped while starting" in service.log


async def test_sigterm_while_it_reconnects_to_rabbitmq_ends_it_in_order(settings):
    address = URL(settings.rabbitmq_url)
    async with Proxy(address.host, address.port) as proxy:
        url = str(address.with_host("127.0.0.1").with_port(proxy.port))
        async with a_process(settings.model_copy(update={"rabbitmq_url": url})) as service:
            await service.ready()
            await proxy.cut()
            await until_reconnecting(service)
            assert await service.stop(within=40) == 0


async def test_sigterm_while_it_reconnects_to_rabbitmq_leaves_what_was_in_flight_to_the_next(settings, graph):
    address = URL(settings.rabbitmq_url)
    async with Proxy(address.host, address.port) as proxy:
        url = str(address.with_host("127.0.0.1").with_port(proxy.port))
        cut_off = settings.model_copy(update={"rabbitmq_url": url})
        async with a_process(cut_off, DOCGRAPH_SHUTDOWN_GRACE="1") as service:
            await service.ready()
            async with BrokerView(settings.rabbitmq_url) as broker:
                await broker.submit("slow", text=None, data=a_slow_pdf(), media_type="application/pdf")
                await until_taken(broker)
                await proxy.cut()
                await until_reconnecting(service)
                assert await service.stop(within=40) in (0, 1)
                assert await broker.depth("documents.submitted") == 1
                assert broker.completions == []
    assert (await graph.counts())["documents"] == 0


async def until_reconnecting(service):
    async with asyncio.timeout(30):
        while "rabbitmq" not in await service.problems():
            await asyncio.sleep(0.02)


async def until_starting(service):
    async with asyncio.timeout(60):
        while "Waiting for application startup" not in service.log:
            await asyncio.sleep(0.02)


@pytest.fixture
def alarmed(vhosts):
    """A broker that a test may give an alarm."""
    if vhosts is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    return private_stack().rabbitmq


async def test_sigterm_during_an_alarm_gives_back_at_once(settings, graph, driver, alarmed):
    async with a_process(settings, DOCGRAPH_SHUTDOWN_GRACE="60") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker, driver.session(database=graph.database) as session:
            transaction = await session.begin_transaction()
            await (await transaction.run("CREATE (:Document {id: 'held', version: 0, status: 'READY'})")).consume()
            await broker.submit("held")
            await broker.submit("other")
            await broker.until(1)
            await until_taken(broker)
            await asyncio.to_thread(alarmed.ctl, "set_vm_memory_high_watermark", "absolute", "1")
            try:
                await transaction.rollback()
                async with asyncio.timeout(30):
                    while "RabbitMQ takes no publishes" not in service.log:
                        await asyncio.sleep(0.1)
                assert await service.stop(within=30) == 1
                assert "requeued" in service.log
            finally:
                await asyncio.to_thread(alarmed.ctl, "set_vm_memory_high_watermark", "absolute", "1536MB")
            async with asyncio.timeout(30):
                while await broker.depth("documents.submitted") != 1:
                    await asyncio.sleep(0.1)


async def test_sigterm_while_rabbitmq_is_frozen_ends_it_soon_after_the_grace(settings, graph):
    address = URL(settings.rabbitmq_url)
    async with Proxy(address.host, address.port) as proxy:
        url = str(address.with_host("127.0.0.1").with_port(proxy.port))
        async with a_process(settings.model_copy(update={"rabbitmq_url": url}), DOCGRAPH_SHUTDOWN_GRACE="1") as service:
            await service.ready()
            proxy.freeze()
            # Less than the heartbeats would need.
            assert await service.stop(within=20) == 1
            assert "RabbitMQ does not answer" in service.log
            assert "Traceback" not in service.log
