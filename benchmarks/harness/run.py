"""One run of one system: submit, start, measure, stop, check."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aio_pika

from benchmarks.documents import document_id, expected
from benchmarks.harness import usage
from benchmarks.harness.extras import MissingError, extra_server
from benchmarks.harness.processes import ROOT, Collector, RunError, collecting, finish, running, until_either
from benchmarks.harness.servers import Servers
from benchmarks.names import ANSWERS, COMPLETIONS
from benchmarks.systems import System
from service.local.ports import free_port

FIRST_WITHIN, LAST_WITHIN = 120.0, 1200.0
REPEATS_WITHIN = 0.5
"""Seconds to wait for completions that should not come."""

Hook = Callable[[list[int]], Awaitable[None] | None]


@dataclass(slots=True)
class Result:
    """What one run gave. Times in seconds, memory in megabytes, latencies in milliseconds."""

    system: str
    kind: str
    """`throughput` or `latency`."""
    documents: int
    round: int = 0
    problems: list[str] = field(default_factory=list)
    """Why the run does not count; empty when all checks held."""
    seconds: float | None = None
    """From the completion that makes a tenth to the last."""
    rate: float | None = None
    """Documents a second in that time."""
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds per 1,000 documents, by group of processes."""
    memory: float | None = None
    """Peak of the workers' resident sizes."""
    p50: float | None = None
    p99: float | None = None
    at: float = field(default_factory=time.time)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


class Bench:
    """Runs systems on one set of servers, one at a time."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.folder = folder
        self._fresh = 0
        self._extra_pids: list[int] = []

    async def throughput(
        self, system: System, documents: int, *, began: Hook | None = None, ended: Hook | None = None
    ) -> Result:
        """Fill the queue, start the system, measure until all is answered.

        Args:
            system: which.
            documents: how many.
            began: is called with the pids of the workers when the measured part begins.
            ended: the same when it ends.

        """
        result = Result(system.name, "throughput", documents)
        tenth = documents // 10
        async with self._prepared(system, result) as environment:
            async with collecting(environment, self.folder, [1, tenth, documents]) as collector:
                await self._submit(system, environment, 0, documents, 0)
                async with self._workers(system, environment) as workers:
                    pids = [worker.pid for worker in workers]
                    log = self._log(system)
                    await until_either(collector.until(1), workers, log, FIRST_WITHIN)
                    await self._take_away(system, environment)
                    first = await until_either(collector.until(tenth), workers, log, LAST_WITHIN)
                    before = self._cpu(pids, collector)
                    await _call(began, pids)
                    last = await until_either(collector.until(documents), workers, log, LAST_WITHIN)
                    after = self._cpu(pids, collector)
                    await _call(ended, pids)
                    result.memory = round(usage.peak_megabytes(pids), 1)
                result.seconds = round(last - first, 4)
                result.rate = round((documents - tenth) / (last - first), 1)
                for group, seconds in after.items():
                    result.cpu[group] = round((seconds - before[group]) / (documents - tenth) * 1000, 4)
                await asyncio.sleep(REPEATS_WITHIN)
                await self._check(result, environment, await collector.arrivals(), documents)
        return result

    async def latency(self, system: System, documents: int, rate: float, warm_up: int = 50) -> Result:
        """Start the system, then submit at a steady rate; from the submission to the completion's arrival."""
        result = Result(system.name, "latency", documents)
        total = warm_up + documents
        async with self._prepared(system, result) as environment:
            async with collecting(environment, self.folder, [warm_up, total]) as collector:
                async with self._workers(system, environment) as workers:
                    log = self._log(system)
                    await self._submit(system, environment, 0, warm_up, 0)
                    await until_either(collector.until(warm_up), workers, log, FIRST_WITHIN)
                    await self._take_away(system, environment)
                    await self._submit(system, environment, warm_up, documents, rate)
                    await until_either(collector.until(total), workers, log, LAST_WITHIN)
                    result.memory = round(usage.peak_megabytes(worker.pid for worker in workers), 1)
                arrivals = await collector.arrivals()
                await self._check(result, environment, arrivals, total)
                sent = _times(self.folder / "sent.json")
                waits = sorted((at - sent[id_]) * 1000 for id_, at in arrivals if id_ in sent)
                if waits:
                    result.p50 = round(waits[len(waits) // 2], 2)
                    result.p99 = round(waits[int(len(waits) * 0.99)], 2)
        return result

    @asynccontextmanager
    async def _prepared(self, system: System, result: Result) -> AsyncIterator[dict[str, str]]:
        """An empty graph, an empty vhost. What goes wrong inside is a problem of the run."""
        self._log(system).unlink(missing_ok=True)
        self.servers.prepare_graph(fulltext=system.fulltext)
        if system.server == "redis":
            self.servers.empty_redis()
        self._fresh += 1
        # The service's queues stay: they are declared by its first start, before anything can be submitted.
        vhost = "service" if system.how == "service" else f"run-{self._fresh}"
        try:
            async with extra_server(system.server, self.folder) as (extra, self._extra_pids):
                environment = self.servers.environment(vhost) | {"VHOST": vhost} | extra
                if system.how == "service":
                    await self._declare(system, environment)
                yield environment
        except (RunError, MissingError) as error:
            result.problems.append(str(error))
        finally:
            if result.problems or system.how != "service":
                self.servers.drop_vhost(vhost)

    async def _declare(self, system: System, environment: dict[str, str]) -> None:
        """Let the service declare its queues, once for each vhost."""
        async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
            if not await _exists(connection, "documents.submitted"):
                async with self._workers(system, environment) as workers:
                    await until_either(_appears(connection, "documents.submitted"), workers, self._log(system), 60)
            elif not system.journals:
                await unbind_journals(environment)

    @asynccontextmanager
    async def _workers(self, system: System, environment: dict[str, str]) -> AsyncIterator[list[Any]]:
        async with AsyncExitStack() as stack:
            command = (str(ROOT / system.venv / "bin" / system.command[0]), *system.command[1:])
            workers = []
            for _ in range(system.processes):
                mine = tuple(part.replace("{port}", str(free_port())) for part in command)
                workers.append(await stack.enter_async_context(running(mine, environment, self._log(system))))
            yield workers

    async def _take_away(self, system: System, environment: dict[str, str]) -> None:
        """Take away what the service has made at its start and this run is to do without."""
        if system.how == "service" and not system.fulltext:
            self.servers.drop_fulltext()
        if not system.journals:
            await unbind_journals(environment)

    async def _submit(
        self, system: System, environment: dict[str, str], first: int, count: int, rate: float
    ) -> None:
        command = (sys.executable, "-m", "benchmarks.harness.producer", system.how, str(self.folder / "sent.json"))
        options = ("--first", str(first), "--count", str(count), "--rate", str(rate))
        await finish((*command, *options), environment, self.folder / "producer.log", within=600)

    async def _check(self, result: Result, environment: dict[str, str], arrivals: list[Any], documents: int) -> None:
        """Compare graph, completions and queues with what they must be."""
        answered = Counter(id_ for id_, _ in arrivals)
        wanted = {document_id(number) for number in range(documents)}
        if strange := answered.keys() - wanted:
            result.problems.append(f"completions that are no success: {len(strange)}, such as {min(strange)[:300]}")
        if missing := wanted - answered.keys():
            result.problems.append(f"expected a completion of each document, {len(missing)} have none")
        if repeated := sum(count - 1 for count in answered.values()):
            result.problems.append(f"expected one completion a document, got {repeated} more")
        if (counts := self.servers.counts()) != (right := expected(0, documents)):
            result.problems.append(f"expected {right} in the graph, got {counts}")
        if left := await _depths(environment, self.servers.queues(environment["VHOST"])):
            result.problems.append(f"expected empty queues, found {left}")

    def _cpu(self, workers: list[int], collector: Collector) -> dict[str, float]:
        return {
            "worker": usage.cpu_seconds(workers),
            "neo4j": usage.cpu_seconds([self.servers.stack.neo4j.pid]),
            "broker": usage.cpu_seconds([self.servers.stack.rabbitmq.pid, self.servers.redis.pid, *self._extra_pids]),
            "collector": usage.cpu_seconds([collector.pid]),
        }

    def _log(self, system: System) -> Path:
        return self.folder / f"{system.name}.log"


async def _call(hook: Hook | None, pids: list[int]) -> None:
    if hook is not None and (waiting := hook(pids)) is not None:
        await waiting


async def unbind_journals(environment: dict[str, str]) -> None:
    """Take the journals off the two exchanges; the service binds them again at its next start."""
    async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        for exchange in ("documents", COMPLETIONS):
            journal = await channel.get_queue(f"{exchange}.journal", ensure=False)
            await journal.unbind(exchange, "#")


async def _depths(environment: dict[str, str], queues: list[str]) -> dict[str, int]:
    """Return the queues that are not empty. Asked of the queue itself: lists of a quorum queue are seconds old."""
    depths = {}
    async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
        for name in queues:
            async with connection.channel() as channel:
                queue = await channel.declare_queue(name, passive=True)
                depths[name] = queue.declaration_result.message_count
    return {name: count for name, count in depths.items() if count and name != ANSWERS}


async def _exists(connection: Any, queue: str) -> bool:
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(queue, passive=True)
    except aio_pika.exceptions.ChannelNotFoundEntity:
        return False
    return True


async def _appears(connection: Any, queue: str) -> None:
    while not await _exists(connection, queue):
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)  # bindings follow


def _times(path: Path) -> dict[str, float]:
    return dict(json.loads(path.read_text()))
