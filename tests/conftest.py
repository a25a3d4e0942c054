"""The two real servers for tests. `make test` brings them; without them tests that need one skip, and fail under CI."""

import os
from contextlib import ExitStack, asynccontextmanager

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from service.app import build_app
from service.delivery.topology import DEAD, DELETED, SUBMITTED, Topology
from service.graph.driver import GraphAddress, connect, open_driver
from service.graph.schema import apply_schema
from service.graph.writer import GraphWriter
from service.settings import Settings
from tests.support.broker import BrokerView
from tests.support.graph import GraphView
from tests.support.stacks import start_stack
from tests.support.vhosts import Vhosts, private_stack

WIPE = "DOCGRAPH_TEST_WIPE"
"""Set it to let tests delete what is in servers that are not their own."""
LONGEST_ID = 24
"""Bytes that a test is still named by."""
FIGURES = "figures"
"""Property of a test's report: a line for the summary."""


PARALLEL = 2
"""Test processes. Each has servers of its own, as tests empty the graph and stop what they like."""


def pytest_xdist_auto_num_workers() -> int:
    """Run side by side on private servers; on given ones, of which there is one graph, one after the other."""
    return PARALLEL if (stack := private_stack()) is not None and not stack.state.kept else 0


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long bytes by their parameter: unreadable, and not the same in each process where they hold a time."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what tests have measured."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    if lines := [value for report in reports for name, value in report.user_properties if name == FIGURES]:
        terminalreporter.section(FIGURES)
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def servers(worker_id):
    """Give each test process but the first a stack of its own, in place of the one in the environment."""
    if worker_id in ("master", "gw0") or (stack := private_stack()) is None:
        yield
        return
    with ExitStack() as exits, pytest.MonkeyPatch.context() as patch:
        stack = start_stack(exits, f"test-{worker_id}")
        for name, value in stack.env().items():
            patch.setenv(name, value)
        yield


def needed(variable: str) -> str:
    """Return a variable that points at a real server; skip, or fail under CI, when it is not set."""
    if value := os.environ.get(variable):
        return value
    message = f"{variable} is not set: run `make test`, or point it at a server that tests may write to"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def graph_address(servers) -> GraphAddress:
    return GraphAddress(
        uri=needed("NEO4J_URI"),
        username=os.environ.get("NEO4J_USERNAME", "neo4j"),
        password=os.environ.get("NEO4J_PASSWORD", ""),
        database=os.environ.get("NEO4J_DATABASE", "neo4j"),
    )


@pytest.fixture(scope="session")
async def driver(graph_address):
    async with open_driver(graph_address, transactions=16) as driver:
        await connect(driver, graph_address, connections=4, timeout=10)
        view = GraphView(driver, graph_address.database)
        # Tests empty the graph. A stack of `docgraph local run` is there for that; any other graph must be empty, so
        # that nobody loses one by running the tests with their own shell's settings.
        stack = private_stack()
        ours = stack is not None and not stack.state.kept and stack.neo4j.uri == graph_address.uri
        if not ours and not os.environ.get(WIPE) and (nodes := await view.value("MATCH (n) RETURN count(n) AS n")):
            pytest.fail(
                f"expected an empty graph at NEO4J_URI, found {nodes} nodes; tests delete everything in it: use an "
                f"empty database, unset RABBITMQ_URL and NEO4J_URI to have private servers, or set {WIPE}=yes"
            )
        await apply_schema(driver, graph_address.database)
        yield driver
        await view.wipe()


@pytest.fixture
async def graph(driver, graph_address):
    """A view of an empty graph."""
    view = GraphView(driver, graph_address.database)
    await view.wipe()
    return view


@pytest.fixture
def writer(driver, graph) -> GraphWriter:
    return GraphWriter(driver, graph.database, timeout=30)


@pytest.fixture(scope="session")
def vhosts(servers):
    needed("RABBITMQ_URL")
    if (stack := private_stack()) is None:
        yield None
        return
    vhosts = Vhosts(stack)
    yield vhosts
    vhosts.close()


@pytest.fixture(scope="session")
async def broker_may_be_emptied(vhosts) -> None:
    """Fail when somebody else's vhost holds messages in queues of our names: tests delete them."""
    if vhosts is not None or os.environ.get(WIPE):
        return
    async with await aio_pika.connect(os.environ["RABBITMQ_URL"]) as connection:
        for name in (SUBMITTED, DELETED, DEAD):
            async with connection.channel() as channel:
                try:
                    queue = await channel.declare_queue(name, passive=True)
                except ChannelNotFoundEntity:
                    continue
                if count := queue.declaration_result.message_count:
                    pytest.fail(
                        f"expected no messages in {name} at RABBITMQ_URL, found {count}; tests delete our queues: use "
                        f"a vhost of its own for them, or set {WIPE}=yes"
                    )


@pytest.fixture
async def rabbitmq_url(vhosts, broker_may_be_emptied) -> str:
    """An empty vhost; on a broker that is not ours, the given one with our queues and exchanges deleted."""
    if vhosts is not None:
        return vhosts.take()
    url = os.environ["RABBITMQ_URL"]
    await forget_topology(url)
    return url


async def forget_topology(url: str) -> None:
    topology = Topology(Settings().retry_delays, 20, "7D", 1 << 30)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        for queue in topology.queues:
            await channel.queue_delete(queue.name)
        for exchange in topology.exchanges:
            await channel.exchange_delete(exchange.name)


@pytest.fixture
def settings(rabbitmq_url, graph_address) -> Settings:
    """Settings of a service on this test's vhost and the run's graph."""
    return Settings(
        RABBITMQ_URL=rabbitmq_url,
        NEO4J_URI=graph_address.uri,
        NEO4J_USERNAME=graph_address.username,
        NEO4J_PASSWORD=graph_address.password,
        NEO4J_DATABASE=graph_address.database,
        retry_delays=(1.0,),
        startup_timeout=10,
        shutdown_grace=10,
    )


@pytest.fixture
def serve(graph):
    """Run a service inside the test: `async with serve(settings) as app`. The graph is empty at first."""

    @asynccontextmanager
    async def running(settings: Settings):
        app = build_app(settings)
        async with app.start_lifespan_context():
            yield app

    return running


@pytest.fixture
async def service(serve, settings):
    async with serve(settings) as app:
        yield app


@pytest.fixture
async def broker(service, rabbitmq_url):
    """A producer's view of the broker of the running service."""
    async with BrokerView(rabbitmq_url) as view:
        yield view
