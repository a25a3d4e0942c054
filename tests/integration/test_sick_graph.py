"""A graph that is away is not the documents' fault: work is held, no retry is burnt, and it resumes by itself."""

import asyncio
import json

import pytest
from yarl import URL

from tests.faults.workers import memory
from tests.support.broker import BrokerView
from tests.support.processes import a_process
from tests.support.proxy import Proxy


@pytest.fixture
async def proxy(settings):
    address = URL(settings.neo4j_uri)
    async with Proxy(address.host, address.port or 7687) as proxy:
        yield proxy


@pytest.fixture
def through_proxy(settings, proxy):
    return settings.model_copy(update={"neo4j_uri": f"bolt://127.0.0.1:{proxy.port}", "graph_timeout": 2.0})


async def until_unready(service, part, within=20):
    async with asyncio.timeout(within):
        while part not in (problems := await service.problems()):
            await asyncio.sleep(0.1)
    return problems[part]


@pytest.mark.parametrize("outage", ["down", "frozen"])
async def test_work_is_held_while_the_graph_is(serve, through_proxy, graph, proxy, outage):
    async with a_process(through_proxy) as service:
        await service.ready()
        async with BrokerView(through_proxy.rabbitmq_url) as broker:
            before = await broker.submit("before")
            await broker.answer(before)
            if outage == "down":
                await proxy.cut()
            else:
                proxy.freeze()
            held = [await broker.submit(f"held{number}") for number in range(30)]
            assert "expected an answer" in await until_unready(service, "neo4j")
            async with asyncio.timeout(40):
                while "messages are held" not in service.log:
                    await asyncio.sleep(0.1)
            assert await broker.depth("documents.retry.1s") == 0
            assert len(broker.completions) == 1

            if outage == "down":
                await proxy.restore()
            else:
                proxy.thaw()
            for id_ in held:
                answer = await broker.answer(id_, within=40)
                assert (answer["outcome"], answer["attempt"]) == ("created", 1)
            await service.ready()
            assert await broker.dead() == []
            assert "graph is back" in service.log
            # One line that says it, and not one for each attempt of the driver.
            assert "will be retried in" not in service.log
        assert await service.stop() == 0


async def test_while_the_graph_is_away_no_more_is_taken_than_the_prefetch_so_memory_stays_flat(
    through_proxy, graph, proxy
):
    prefetch, more, size = 128, 200, 256 << 10
    async with a_process(through_proxy, DOCGRAPH_PREFETCH=str(prefetch), DOCGRAPH_BATCH_SIZE="64") as service:
        await service.ready()
        async with BrokerView(through_proxy.rabbitmq_url) as broker:
            await proxy.cut()
            ids = [await broker.submit(f"held{number}") for number in range(prefetch)]
            async with asyncio.timeout(40):
                while "messages are held" not in service.log or await broker.depth("documents.submitted"):
                    await asyncio.sleep(0.1)
            before = memory(service.process.pid, "VmRSS")
            ids += [await broker.submit(f"waiting{number}", text="wait " * (size // 5)) for number in range(more)]
            assert await broker.depth("documents.submitted") == more
            assert memory(service.process.pid, "VmRSS") - before < more * size / 4
            await proxy.restore()
            for id_ in ids[:prefetch]:
                assert (await broker.answer(id_, within=40))["attempt"] == 1


@pytest.fixture
async def rotating(through_proxy, driver):
    """Settings with a user of this test's own, whose password may change."""
    await driver.execute_query("CREATE USER rotating SET PASSWORD 'password-one' CHANGE NOT REQUIRED")
    yield through_proxy.model_copy(update={"neo4j_username": "rotating"})
    await driver.execute_query("DROP USER rotating")


async def test_a_password_that_is_changed_is_read_again(rotating, graph, proxy, driver, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("password-one\n")
    async with a_process(rotating, NEO4J_PASSWORD=None, NEO4J_PASSWORD_FILE=str(secret)) as service:
        await service.ready()
        async with BrokerView(rotating.rabbitmq_url) as broker:
            await driver.execute_query("ALTER USER rotating SET PASSWORD 'password-two'")
            # Connections that are open stay logged on.
            await proxy.cut()
            await proxy.restore()
            held = await broker.submit("held")
            assert "Neo.ClientError.Security" in await until_unready(service, "neo4j", within=60)
            assert broker.completions == []

            secret.write_text("password-two\n")
            answer = await broker.answer(held, within=60)
            assert (answer["outcome"], answer["attempt"]) == ("created", 1)
            await service.ready()
        assert await service.stop() == 0


async def test_a_hold_that_lasts_too_long_ends_in_the_tiers(through_proxy, graph, proxy):
    async with a_process(through_proxy, DOCGRAPH_HOLD_TIMEOUT="2") as service:
        await service.ready()
        async with BrokerView(through_proxy.rabbitmq_url) as broker:
            await proxy.cut()
            id_ = await broker.submit("a")
            async with asyncio.timeout(60):
                while "document will be retried" not in service.log:
                    await asyncio.sleep(0.1)
            await proxy.restore()
            answer = await broker.answer(id_, within=40)
            assert (answer["kind"], answer["attempt"]) == ("document.processed", 2)


@pytest.mark.parametrize("outage", ["down", "frozen"])
async def test_stopping_while_the_graph_is_away_requeues_at_once(through_proxy, graph, proxy, settings, outage):
    async with a_process(through_proxy, DOCGRAPH_SHUTDOWN_GRACE="60") as service:
        await service.ready()
        async with BrokerView(through_proxy.rabbitmq_url) as broker:
            if outage == "down":
                await proxy.cut()
            else:
                proxy.freeze()
            ids = [await broker.submit(f"d{number}") for number in range(5)]
            async with asyncio.timeout(40):
                while "messages are held" not in service.log:
                    await asyncio.sleep(0.1)
            assert await service.stop(within=15) == 1
            assert "requeued" in service.log
            async with a_process(settings) as successor:
                await successor.ready()
                for id_ in ids:
                    assert (await broker.answer(id_))["outcome"] == "created"
                assert len({json.loads(m.body)["document_id"] for m in broker.completions}) == 5


async def test_a_graph_that_answers_but_takes_no_writes_holds_work_and_readiness_tells_why(settings, graph, driver):
    async with a_process(settings, DOCGRAPH_GRAPH_TIMEOUT="2") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker, driver.session(database=graph.database) as session:
            # Whoever makes an index locks its label: reads go on, writes wait, as on a disk that takes no more.
            transaction = await session.begin_transaction()
            for label in ("Document", "__Probe"):
                await (await transaction.run(f"CREATE INDEX FOR (n:{label}) ON (n.nothing)")).consume()
            held = await broker.submit("held")
            problem = await until_unready(service, "neo4j", within=40)
            assert "expected Neo4j to take a write, got no answer" in problem
            assert "messages are held" in problem
            await transaction.rollback()
            answer = await broker.answer(held, within=40)
            assert (answer["outcome"], answer["attempt"]) == ("created", 1)
            await service.ready()
        assert await service.stop() == 0
