"""The service as a process: how it starts, how it fails to start, how it stops."""

import asyncio
import json
import os
import signal

import aio_pika
import pytest
from pydantic import SecretStr
from yarl import URL

from service.graph.driver import connect, open_driver
from tests.support.broker import BrokerView
from tests.support.processes import a_process, free_port
from tests.support.proxy import Proxy


@pytest.mark.parametrize(
    ("command", "arguments"), [("faststream", ()), ("uvicorn", ()), ("faststream", ("--workers", "2"))]
)
async def test_it_runs_under(settings, graph, command, arguments):
    async with a_process(settings, *arguments, command=command) as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            ids = [await broker.submit(f"d{n}") for n in range(20)]
            for id_ in ids:
                assert (await broker.answer(id_))["outcome"] == "created"
            if arguments:
                await until_equal(lambda: broker.consumers("documents.submitted"), 2)
        code = await service.stop()
        # The server of uvicorn's own command ends by the signal once it has shut down in order.
        assert code == (-signal.SIGTERM if command == "uvicorn" else 0)
        assert "Traceback" not in service.log


async def until_equal(read, expected, within=20):
    async with asyncio.timeout(within):
        while await read() != expected:
            await asyncio.sleep(0.05)


WRONG = {
    "RabbitMQ is down": ({"rabbitmq_url": "amqp://127.0.0.1:{port}/"}, "RABBITMQ_URL"),
    "the RabbitMQ password is wrong": ({"rabbitmq_url": "{wrong_user}"}, "RABBITMQ_URL"),
    "the vhost is missing": ({"rabbitmq_url": "{wrong_vhost}"}, "RABBITMQ_URL"),
    "Neo4j is down": ({"neo4j_uri": "bolt://127.0.0.1:{port}"}, "NEO4J_URI"),
    "the Neo4j password is wrong": ({"neo4j_password": "not-this-one"}, "NEO4J_PASSWORD"),
    "the database is missing": ({"neo4j_database": "nosuch"}, "NEO4J_DATABASE"),
}


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "two workers"])
@pytest.mark.parametrize("name", WRONG)
async def test_it_ends_with_one_clear_line_when(settings, graph_address, name, workers):
    changes, variable = WRONG[name]
    url = aio_pika.connection.make_url(settings.rabbitmq_url)
    words = {
        "port": str(free_port()),
        "wrong_user": str(url.with_password("not-this-one")),
        "wrong_vhost": str(url.with_path("/nosuch")),
    }
    if name == "the Neo4j password is wrong" and not settings.neo4j_password.get_secret_value():
        pytest.skip("this Neo4j asks for no password")
    update = {key: value.format(**words) for key, value in changes.items()}
    if "neo4j_password" in update:
        update["neo4j_password"] = SecretStr(update["neo4j_password"])
    wrong = settings.model_copy(update={**update, "startup_timeout": 3.0})
    async with a_process(wrong, *workers) as service:
        assert await service.exit_code(within=30) != 0
        lines = [line for line in service.log.splitlines() if "cannot start" in line]
        assert lines, service.log
        assert json.loads(lines[0])["problem"].startswith(f"{variable}: ")
        assert "Traceback" not in service.log
        assert "not-this-one" not in service.log
    if "neo4j_password" in update:
        # A right password ends the lock-out that wrong ones bring about, or the next test would meet it.
        async with open_driver(graph_address, 1) as driver:
            await connect(driver, graph_address, connections=1, timeout=20)


@pytest.mark.parametrize(("server", "variable"), [("rabbitmq_url", "RABBITMQ_URL"), ("neo4j_uri", "NEO4J_URI")])
async def test_it_ends_with_one_clear_line_when_a_server_is_frozen(settings, server, variable):
    address = URL(getattr(settings, server))
    async with Proxy(address.host, address.port) as proxy:
        proxy.freeze()
        through_proxy = str(address.with_host("127.0.0.1").with_port(proxy.port))
        async with a_process(settings.model_copy(update={server: through_proxy, "startup_timeout": 2.0})) as service:
            assert await service.exit_code(within=30) != 0
            (line,) = [line for line in service.log.splitlines() if "cannot start" in line]
            assert json.loads(line)["problem"].startswith(f"{variable}: ")


async def test_it_ends_with_one_clear_line_when_a_queue_is_there_with_other_arguments(settings):
    async with await aio_pika.connect(settings.rabbitmq_url) as connection, connection.channel() as channel:
        await channel.declare_queue("documents.submitted", durable=True)
    async with a_process(settings) as service:
        assert await service.exit_code() != 0
        (line,) = [line for line in service.log.splitlines() if "cannot start" in line]
        assert "queue 'documents.submitted'" in json.loads(line)["problem"]
        assert "RABBITMQ_URL" in line
        assert "Traceback" not in service.log


async def test_it_ends_with_one_clear_line_when_a_setting_is_wrong(settings):
    async with a_process(settings, DOCGRAPH_BATCH_SIZE="many", DOCGRAPH_LOG_LEVEL="loud") as service:
        assert await service.exit_code() != 0
        (line,) = service.log.strip().splitlines()
        assert line.startswith("docgraph cannot start: DOCGRAPH_BATCH_SIZE: ")
        assert "DOCGRAPH_LOG_LEVEL: " in line


async def test_several_processes_may_start_at_once_on_an_empty_broker_and_graph(settings, graph):
    async with a_process(settings) as one, a_process(settings) as two, a_process(settings) as three:
        await asyncio.gather(*(service.ready() for service in (one, two, three)))
        async with BrokerView(settings.rabbitmq_url) as broker:
            assert await broker.consumers("documents.submitted") == 3


async def test_on_sigterm_it_answers_what_is_in_flight_and_requeues_the_rest(settings, graph):
    async with a_process(settings, DOCGRAPH_PREFETCH="128", DOCGRAPH_BATCH_SIZE="128") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            for number in range(600):
                await broker.submit(f"d{number}", text=f"Document {number}.")
            await broker.until(1)
            assert await service.stop() == 0
            async with a_process(settings) as successor:
                await successor.ready()
                await broker.until(600)
                assert len({json.loads(m.body)["document_id"] for m in broker.completions}) == 600
                assert await broker.depth("documents.submitted") == 0
    assert (await graph.counts())["documents"] == 600


async def test_workers_end_with_their_supervisor(settings, graph):
    async with a_process(settings, "--workers", "2") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            await until_equal(lambda: broker.consumers("documents.submitted"), 2)
            os.kill(service.process.pid, signal.SIGKILL)
            await until_equal(lambda: broker.consumers("documents.submitted"), 0)
