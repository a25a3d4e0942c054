"""One service with the bridge for the tests of a module: on a vhost of its own, with a private Redis."""

import os

import pytest

from service.app import build_app
from service.settings import Settings
from tests.bridge.caller import QUEUE, Caller
from tests.bridge.redis_server import private_redis
from tests.conftest import forget_topology
from tests.support.broker import BrokerView
from tests.support.graph import GraphView


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
async def url(vhosts, broker_may_be_emptied) -> str:
    """An empty vhost."""
    if vhosts is not None:
        return vhosts.take(keep=True)
    await forget_topology(os.environ["RABBITMQ_URL"])
    return os.environ["RABBITMQ_URL"]


@pytest.fixture(scope="module")
def bridge_settings(url, graph_address, redis_server) -> Settings:
    return Settings(
        RABBITMQ_URL=url,
        NEO4J_URI=graph_address.uri,
        NEO4J_USERNAME=graph_address.username,
        NEO4J_PASSWORD=graph_address.password,
        NEO4J_DATABASE=graph_address.database,
        retry_delays=(1.0,),
        startup_timeout=30,
        shutdown_grace=20,
        celery_queues=(QUEUE,),
        celery_result_url=redis_server.url,
        celery_default_queue="callers",
        celery_track_started=True,
        celery_tasks='{"process_document": {"fields": {"team": "metadata.team", "debug": null}},'
        '"delete_document": {"event": "document.deleted", "arguments": ["document_id", "version"]}}',
    )


@pytest.fixture
def with_bridge(settings):
    """The settings of a service of one test, with the bridge."""

    def changed(**more):
        return settings.model_copy(update={"celery_queues": (QUEUE,), "startup_timeout": 30.0, **more})

    return changed


@pytest.fixture(scope="module")
async def app(bridge_settings, driver, graph_address):
    """The running service."""
    await GraphView(driver, graph_address.database).wipe()
    app = build_app(bridge_settings)
    async with app.start_lifespan_context():
        yield app


@pytest.fixture(scope="module")
def view(driver, graph_address) -> GraphView:
    return GraphView(driver, graph_address.database)


@pytest.fixture(scope="module")
async def caller(app, url):
    """A caller with `rpc://`."""
    caller = Caller(url)
    yield caller
    await caller.close()


@pytest.fixture(scope="module")
async def redis_caller(app, url, redis_server):
    """A caller with the Redis result backend."""
    caller = Caller(url, redis_server.url)
    yield caller
    await caller.close()


@pytest.fixture
async def events(app, url):
    """A view of the broker: completions and dead letters from now on."""
    async with BrokerView(url) as view:
        await view.dead()
        yield view
