"""The service under the same load: no loop error, one driver per process, made after the fork, sockets in bounds."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pika
import pytest
from yarl import URL

from service.graph.driver import SPARE_CONNECTIONS
from tests.support.broker import BrokerView
from tests.support.processes import a_process
from tests.support.sockets import connections

EVENTS = 10_000
LOOP_ERRORS = ("attached to a different loop", "bound to a different event loop", "Event loop is closed")
SLOW_MACHINE = 240


class Drivers:
    """What a service of `observed:app` tells of its drivers, and the sockets that its processes hold to Neo4j."""

    def __init__(self, service, settings):
        self._service = service
        self._port = URL(settings.neo4j_uri).port
        self.bound = settings.transactions + SPARE_CONNECTIONS
        self.most = Counter()

    @property
    def made(self):
        lines = self._service.log.splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"driver"')]

    def look(self):
        for pid in {line["driver"] for line in self.made}:
            self.most[pid] = max(self.most[pid], connections(pid, self._port))
        assert connections(self._service.process.pid, self._port) == 0, "the supervisor is connected to Neo4j"


@asynccontextmanager
async def observed(settings, tmp_path, *arguments):
    (tmp_path / "observed.py").write_bytes(Path(__file__).with_name("observed.py").read_bytes())
    arguments = ("--app-dir", str(tmp_path), *arguments)
    async with a_process(settings, *arguments, app="observed:app") as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            yield service, Drivers(service, settings), broker


def submit_all(url):
    """Publish without waiting for confirms, as that is quicker: each event's completion is waited for."""
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        for n in range(EVENTS):
            body = json.dumps({"document_id": f"d{n}", "version": 1, "text": f"Note {n}."}).encode()
            properties = pika.BasicProperties(message_id=f"e{n}", content_type="application/json", delivery_mode=2)
            channel.basic_publish("documents", "document.submitted", body, properties)


async def answers(broker, drivers, count):
    for some in range(500, count + 500, 500):
        await broker.until(min(some, count), within=SLOW_MACHINE)
        drivers.look()


async def is_proven(service, drivers, broker, processes):
    """Look at everything once the last event is answered, and the service has stopped."""
    assert await service.stop() == 0
    assert not [error for error in (*LOOP_ERRORS, "Traceback") if error in service.log]

    assert {message.type for message in broker.completions} == {"document.processed"}
    assert len({json.loads(message.body)["document_id"] for message in broker.completions}) == EVENTS
    assert await broker.depth("documents.dead") == await broker.depth("documents.submitted") == 0

    assert len(drivers.made) == processes
    assert len({line["driver"] for line in drivers.made}) == processes, "a process made two drivers"
    assert {line["parent"] for line in drivers.made} == {service.process.pid}, "a driver was made before the fork"
    assert None not in {line["loop"] for line in drivers.made}, "a driver was made outside of a loop"
    assert len(drivers.most) == processes
    assert all(1 <= most <= drivers.bound for most in drivers.most.values()), drivers.most


@pytest.mark.timeout(SLOW_MACHINE + 60)
async def test_ten_thousand_events_through_two_workers_meet_no_loop_error(settings, graph, tmp_path):
    async with observed(settings, tmp_path, "--workers", "2") as (service, drivers, broker):
        await asyncio.gather(asyncio.to_thread(submit_all, broker.url), answers(broker, drivers, EVENTS))
        await is_proven(service, drivers, broker, processes=2)


@pytest.mark.timeout(SLOW_MACHINE + 60)
async def test_ten_thousand_events_meet_no_loop_error_while_the_code_is_reloaded(settings, graph, tmp_path):
    async with observed(settings, tmp_path, "--reload") as (service, drivers, broker):

        async def reload_twice():
            for share in (1, 2):
                await broker.until(share * EVENTS // 3, within=SLOW_MACHINE)
                (tmp_path / "observed.py").touch()

        await asyncio.gather(
            asyncio.to_thread(submit_all, broker.url), answers(broker, drivers, EVENTS), reload_twice()
        )
        await is_proven(service, drivers, broker, processes=3)
