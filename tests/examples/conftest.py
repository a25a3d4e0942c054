"""What all examples run against: one service process, one Redis, and the frameworks' virtual environment."""

import os
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from service.settings import Settings
from tests.bridge.redis_server import private_redis
from tests.support.broker import BrokerView
from tests.support.graph import GraphView
from tests.support.processes import ROOT, a_process, free_port
from tests.support.vhosts import Vhosts

FRAMEWORKS = ROOT / ".venv-frameworks" / "bin"


@dataclass
class Served:
    """A running service and what its producers are given."""

    settings: Settings
    broker: BrokerView
    graph: GraphView
    vhosts: Vhosts | None
    redis_url: str

    def environment(self, *, rabbitmq_url: str, **more: str) -> dict[str, str]:
        """Return what a person would set to run an example."""
        ours = ("RABBITMQ_", "NEO4J_", "DOCGRAPH_")
        mine = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        # The frameworks' own queues lie in a vhost of their own, so that one's leftovers are not another's.
        own_url = self.vhosts.take() if self.vhosts is not None else self.settings.rabbitmq_url
        return mine | {
            "PATH": f"{FRAMEWORKS}:{mine['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "RABBITMQ_URL": rabbitmq_url,
            "CELERY_BROKER_URL": own_url,
            "DRAMATIQ_BROKER_URL": own_url,
            "TASKIQ_BROKER_URL": own_url,
            "REDIS_URL": self.redis_url,
            "UVICORN_PORT": str(free_port()),
            **more,
        }


@pytest.fixture(scope="module")
async def served(vhosts, broker_may_be_emptied, driver, graph_address, tmp_path_factory):
    """A running service, with an empty graph at first."""
    if not (FRAMEWORKS / "python").exists():
        message = "expected .venv-frameworks, found none: run `make frameworks`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    settings = Settings(
        RABBITMQ_URL=vhosts.take(keep=True) if vhosts is not None else os.environ["RABBITMQ_URL"],
        NEO4J_URI=graph_address.uri,
        NEO4J_USERNAME=graph_address.username,
        NEO4J_PASSWORD=graph_address.password,
        NEO4J_DATABASE=graph_address.database,
    )
    graph = GraphView(driver, graph_address.database)
    await graph.wipe()
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(a_process(settings))
        redis = stack.enter_context(private_redis(tmp_path_factory.mktemp("redis")))
        await service.ready()
        broker = await stack.enter_async_context(BrokerView(settings.rabbitmq_url))
        yield Served(settings, broker, graph, vhosts, redis.url)


@pytest.fixture
def temporal() -> str:
    """The command that starts a Temporal server. It is in no package index and not in Debian, so CI may lack it."""
    found = shutil.which("temporal", path=f"{ROOT / '.local' / 'bin'}:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("no `temporal` in PATH or .local/bin: scripts/temporal.sh builds it, with Go, in some minutes")
    return found
