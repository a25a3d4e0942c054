"""A long steady load at half the measured throughput: the service neither grows nor leaves anything open.

Run it as `make soak`, or for less than half an hour with `DOCGRAPH_SOAK_SECONDS`.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from schemas import DocumentFailed
from service.settings import Settings
from tests.conftest import FIGURES
from tests.faults import inspection
from tests.faults.collector import COMPLETIONS, Collector, keep_completions
from tests.faults.publishers import Publishers
from tests.faults.workers import Make, Worker, all_ready, memory
from tests.faults.workload import Message

SECONDS = float(os.environ.get("DOCGRAPH_SOAK_SECONDS", "0"))
DOCUMENTS = 2000
"""Written again and again, so that the graph stays of one size."""
BURST = 4000
"""Messages that tell the throughput."""
PUBLISHERS = 64
"""Enough that the throughput is the service's: each waits for the confirm of its message."""
SAMPLES = 40
GROWTH = 0.05
"""Share by which memory may differ between the second and the last quarter."""
NOISE = 8 << 20
"""Bytes that it may differ in any case: allocators do not return every page."""
# Counted by the broker, all at once: each start of `rabbitmqctl` takes a core for half a second.
OPEN = (
    'In = fun(Rows) -> length([R || R <- Rows, proplists:get_value(vhost, R) =:= <<"VHOST">>]) end, '
    'io:format("~b ~b ~b~n", [In(rabbit_networking:connection_info_all([vhost])), '
    'In(rabbit_channel:info_all([vhost])), length(rabbit_amqqueue:list(<<"VHOST">>))]).'
)

pytestmark = [
    pytest.mark.skipif(not SECONDS, reason="takes half an hour: run `make soak`"),
    pytest.mark.timeout(SECONDS + 300),
]


@dataclass(frozen=True)
class Sample:
    """What the service holds at one moment."""

    memory: int
    """Resident bytes of all its processes."""
    open: tuple[int, ...]
    """Connections, channels and queues."""


class Load:
    """Publishes message after message and counts the answers; nothing is kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.published = 0
        self.answered = 0
        self.failed: list[bytes] = []
        self._collector = Collector(url, COMPLETIONS, self._take)

    @asynccontextmanager
    async def counting(self) -> AsyncGenerator[None, None]:
        await keep_completions(self.url)
        async with self._collector.following():
            yield

    async def send(self, count: int, per_second: float) -> None:
        """Publish so many messages and wait until each is answered."""
        publishers = Publishers(self.url, self._messages(count), count=PUBLISHERS)
        publishers.allow(count, per_second)
        await publishers.run()
        async with asyncio.timeout(120):
            await self._collector.until(lambda: self.answered >= self.published)

    def _messages(self, count: int):
        for _ in range(count):
            number = self.published
            self.published += 1
            version, document = divmod(number, DOCUMENTS)
            text = (
                f"Watch {version} of lighthouse {document} was quiet. The lamp was lit, and {number % 97} ships passed."
            )
            body = {"document_id": f"document-{document}", "version": version, "text": text, "language": "en"}
            id_ = f"{document}-{version}"
            yield Message(id_, "document.submitted", json.dumps(body).encode(), body["document_id"], version)

    def _take(self, message) -> None:
        self.answered += 1
        if message.routing_key == DocumentFailed.kind:
            self.failed.append(message.body)


@pytest.fixture
async def worker(stack, vhost):
    settings = Settings(**stack.env(vhost), retry_delays=(1.0, 2.0, 5.0), startup_timeout=60, shutdown_grace=20)
    async with inspection.graph_view(settings) as graph:
        await graph.wipe()
    # The journals would grow to their limit, which is no leak, but needs room on the disk.
    worker = Worker(settings, Make(variables={"DOCGRAPH_JOURNAL_MAX_BYTES": str(100 << 20)}))
    await worker.start()
    await all_ready([worker], within=60)
    yield worker
    await worker.remove()


async def test_a_steady_load_leaves_memory_and_connections_as_they_are(stack, vhost, worker, record_property):
    load = Load(stack.rabbitmq.url(vhost))
    async with load.counting():
        # Twice: a cold Neo4j is several times slower for its first thousand transactions.
        for _ in range(2):
            began = time.monotonic()
            await load.send(BURST, per_second=1e6)
            throughput = BURST / (time.monotonic() - began)
        samples: list[Sample] = []
        sampling = asyncio.create_task(sample(samples, stack.rabbitmq, vhost, worker))
        await load.send(int(SECONDS * throughput / 2), throughput / 2)
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)

    quarter = len(samples) // 4
    before = statistics.median(s.memory for s in samples[quarter : 2 * quarter])
    after = statistics.median(s.memory for s in samples[-quarter:])
    first, last = most_open(samples[quarter : 2 * quarter]), most_open(samples[-quarter:])
    record_property(
        FIGURES,
        f"soak: {SECONDS:.0f} s at {throughput / 2:.0f} of {throughput:.0f} documents/s, "
        f"{load.answered} of {load.published} answered, {len(load.failed)} failed, {len(worker.ends)} restarts, "
        f"memory {before / 2**20:.1f} -> {after / 2**20:.1f} MiB (peak {worker.peak >> 20} MiB), "
        f"connections, channels, queues {first} -> {last}",
    )
    assert not load.failed
    assert load.answered == load.published
    assert not worker.ends, worker.log[-4000:]
    assert after - before <= max(before * GROWTH, NOISE)
    assert all(now <= then for now, then in zip(last, first, strict=True))
    assert await worker.stop(40) == 0


def most_open(samples) -> tuple[int, ...]:
    return tuple(map(max, zip(*(s.open for s in samples), strict=True)))


async def sample(samples, rabbitmq, vhost, worker) -> None:
    while True:
        await asyncio.sleep(SECONDS / SAMPLES)
        said = await asyncio.to_thread(rabbitmq.ctl, "eval", OPEN.replace("VHOST", vhost))
        held = sum(memory(pid, "VmRSS") for pid in worker.pids())
        samples.append(Sample(held, tuple(map(int, said.splitlines()[0].split()))))
