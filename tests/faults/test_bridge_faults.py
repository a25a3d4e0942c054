"""The Celery bridge under the broker's faults: every task that was confirmed is answered, once in effect.

Tasks are sent by real Celery clients with confirms, which send what was not confirmed again under the same id.
"""

import asyncio
import json
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import redis
from celery import Celery

from service.delivery.topology import DEAD
from service.settings import Settings
from tests.bridge.redis_server import private_redis
from tests.faults import inspection, scenarios
from tests.faults.collector import COMPLETIONS, Collector, keep_completions
from tests.faults.run import POLL_SECONDS
from tests.faults.scenarios import THIRD
from tests.faults.workers import Make, Worker
from tests.faults.workload import SHORT

LONG = os.environ.get("DOCGRAPH_FAULTS") == "long"
TASKS = 5000 if LONG else 200
CLIENTS = 4
ANSWERED_WITHIN = 300.0
QUEUE = "ingest"
TEXT = "Watch {number} ended with wind of force {force}. The log was closed and the lamp was put out."

pytestmark = pytest.mark.timeout(4 * ANSWERED_WITHIN)


class BridgeRun:
    """What a scenario works with; see `tests.faults.run.Run`."""

    size = replace(SHORT, broker_frozen=60)
    """So long that the service misses the broker's heartbeats and gives its connections up."""

    def __init__(self, settings, vhost, rabbitmq, redis_url) -> None:
        self.url = settings.rabbitmq_url
        self.vhost = vhost
        self.rabbitmq = rabbitmq
        self.broker_restarted = False
        variables = {"DOCGRAPH_CELERY_QUEUES": QUEUE, "DOCGRAPH_CELERY_RESULT_URL": redis_url}
        self.worker = Worker(settings, Make(variables=variables))
        self.redis_url = redis_url
        self.confirmed: set[int] = set()
        self.answers: dict[str, list[dict]] = {}
        self.collector = Collector(self.url, COMPLETIONS, self._take)
        self._go = threading.Event()

    def _take(self, message) -> None:
        body = json.loads(message.body)
        self.answers.setdefault(body["causation_id"], []).append(body | {"kind": message.type})

    async def reached(self, share: float) -> None:
        await self.collector.until(lambda: len(self.answers) >= share * TASKS)

    @asynccontextmanager
    async def fault(self):
        yield

    def publish(self, numbers) -> None:
        """Send tasks as one process of a caller does, until each is confirmed."""
        client = Celery("caller", broker=self.url, backend=self.redis_url, set_as_current=False)
        client.conf.broker_transport_options = {"confirm_publish": True, "socket_timeout": 10, "max_retries": 3}
        # Of its own: kombu's pools are shared by all threads that connect to one place, and so is a closed one.
        connection = client.connection_for_write()
        for number in numbers:
            text = TEXT.format(number=number, force=number % 12)
            until = time.monotonic() + ANSWERED_WITHIN
            while True:
                try:
                    client.send_task(
                        "process_document",
                        args=[f"document-{number}", f"Watch {number}", text],
                        task_id=task_id(number),
                        queue=QUEUE,
                        retry=False,
                        connection=connection,
                    )
                except Exception:  # whatever a client meets, it sends again
                    if time.monotonic() > until:
                        raise
                    connection.collect(socket_timeout=1)
                    connection = client.connection_for_write()
                    time.sleep(0.1)
                else:
                    break
            self.confirmed.add(number)
            time.sleep(0.01)  # a load that lasts beyond the fault
        connection.release()


def task_id(number: int) -> str:
    return f"task-{number}"


async def the_callers_queue_is_deleted(run) -> None:
    """What lay in it is gone by an administrator's act: its callers send it again."""
    await run.reached(THIRD)
    name = f'{{resource, <<"{run.vhost}">>, queue, <<"{QUEUE}">>}}'
    delete = 'fun(Q) -> rabbit_amqqueue:delete(Q, false, false, <<"harness">>) end'
    async with scenarios._armed(run, f"{{ok, _}} = rabbit_amqqueue:with({name}, {delete})") as strike:
        await strike()


Scenario = Callable[[BridgeRun], Awaitable[None]]
ALL: tuple[Scenario, ...] = (
    scenarios.every_connection_is_closed,
    the_callers_queue_is_deleted,
    scenarios.the_broker_app_is_stopped_and_started_twice,
    scenarios.the_broker_is_killed,
    scenarios.the_broker_freezes,
)
CHOSEN = ALL if "DOCGRAPH_FAULTS" in os.environ else ALL[:1]


@pytest.fixture
async def run(stack, vhost, tmp_path):
    settings = Settings(**stack.env(vhost), retry_delays=(1.0, 2.0, 5.0), startup_timeout=60, shutdown_grace=20)
    async with inspection.graph_view(settings) as graph:
        await graph.wipe()
    (tmp_path / "redis").mkdir()
    with private_redis(tmp_path / "redis") as server:
        yield BridgeRun(settings, vhost, stack.rabbitmq, server.url)
    if stack.rabbitmq.pid is not None and not stack.rabbitmq.answers():
        stack.rabbitmq.ctl("start_app")
    stack.rabbitmq.start()


@pytest.mark.parametrize("scenario", CHOSEN, ids=lambda scenario: scenario.__name__.replace("_", " "))
async def test_every_task_is_answered_when(scenario, run, stack, vhost, tmp_path):
    await run.worker.start()
    try:
        await run.worker.process.ready(60)
        await keep_completions(run.url)
        async with run.collector.following():
            shares = [range(start, TASKS, CLIENTS) for start in range(CLIENTS)]
            sending = [asyncio.create_task(asyncio.to_thread(run.publish, share)) for share in shares]
            await scenario(run)
            await asyncio.gather(*sending)
            if scenario is the_callers_queue_is_deleted:
                await give_up_waiting_and_send_again(run)
            async with asyncio.timeout(ANSWERED_WITHIN):
                await run.collector.until(lambda: len(run.answers) >= TASKS)
            await check(run, stack, vhost)
        assert await run.worker.stop(40) in (0, -15)
    finally:
        (tmp_path / "worker.log").write_text(run.worker.log)
        await run.worker.remove()


async def give_up_waiting_and_send_again(run) -> None:
    async with asyncio.timeout(ANSWERED_WITHIN):
        while any((await left(run)).values()):
            await asyncio.sleep(POLL_SECONDS)
    missing = [number for number in range(TASKS) if task_id(number) not in run.answers]
    await asyncio.to_thread(run.publish, missing)


async def left(run) -> dict[str, int]:
    found = await inspection.totals(run.rabbitmq, run.vhost)
    return {queue: count for queue, count in found.items() if queue != COMPLETIONS}


async def check(run, stack, vhost) -> None:
    """Nothing lost, nothing unexpected, each effect once, each result with its caller, no queue holds anything."""
    assert run.confirmed == set(range(TASKS))
    assert run.answers.keys() == {task_id(number) for number in range(TASKS)}
    for id_, bodies in run.answers.items():
        assert {body["kind"] for body in bodies} == {"document.processed"}, (id_, bodies)
        assert {body["document_id"] for body in bodies} == {id_.replace("task", "document")}
    async with asyncio.timeout(60):
        while any((await left(run)).values()):
            await asyncio.sleep(POLL_SECONDS)
    assert not (await left(run)).get(DEAD)
    settings = Settings(**stack.env(vhost))
    async with inspection.graph_view(settings) as graph:
        rows = await graph.rows(
            "MATCH (d:Document) OPTIONAL MATCH (c:Chunk)-[:FROM_DOCUMENT]->(d) "
            "RETURN d.id AS id, d.status AS status, collect(c.text) AS texts"
        )
    held = {row["id"]: row["texts"] for row in rows}
    assert held == {f"document-{n}": [TEXT.format(number=n, force=n % 12)] for n in range(TASKS)}
    with redis.Redis.from_url(run.redis_url) as client:
        metas = [json.loads(client.get(f"celery-task-meta-{task_id(number)}")) for number in range(TASKS)]
    assert {meta["status"] for meta in metas} == {"SUCCESS"}
