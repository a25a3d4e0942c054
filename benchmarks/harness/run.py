"""One run of one system: submit, start, measure, stop, check."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika

from benchmarks.documents import Shape, expected
from benchmarks.harness import usage
from benchmarks.harness.broker import appears, consumed, exists, unbind_journals
from benchmarks.harness.checks import check
from benchmarks.harness.extras import MissingError, extra_server
from benchmarks.harness.processes import ROOT, Collector, RunError, collecting, finish, running, until_either
from benchmarks.harness.result import Result
from benchmarks.harness.servers import Servers
from benchmarks.systems import System
from service.local.ports import free_port

LOGS = ROOT / ".local" / "benchmarks" / "logs"
FIRST_WITHIN, LAST_WITHIN = 120.0, 1200.0
REPEATS_WITHIN = 0.5
"""Seconds to wait for completions that should not come."""
ACKNOWLEDGED_WITHIN = 1.0
"""Seconds that a system gets to acknowledge what it has completed, before it is stopped."""
GRAPH_OF, AT_RATE = 2000, 50
"""Documents before those whose latency is measured: worked off at once, then at their rate."""

Hook = Callable[[list[int]], Awaitable[None] | None]


class Bench:
    """Runs systems on one set of servers, one at a time."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        # One for each stack, so that benchmarks on several may run side by side.
        self.folder = LOGS / servers.stack.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._fresh = 0
        self._extra_pids: list[int] = []

    async def throughput(
        self,
        system: System,
        documents: int,
        *,
        shape: Shape = Shape.SKEWED,
        began: Hook | None = None,
        ended: Hook | None = None,
    ) -> Result:
        """Fill the queue, start the system, measure until all is answered.

        Args:
            system: which.
            documents: how many.
            shape: how popular their keywords are.
            began: is called with the pids of the workers when the measured part begins.
            ended: the same when it ends.

        """
        result = Result(system.name, "throughput", documents)
        tenth = documents // 10
        async with self._prepared(system, result) as environment:
            async with collecting(environment, self.folder, [1, tenth, documents]) as collector:
                await self._submit(system, environment, count=documents, shape=shape)
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
                    await asyncio.sleep(ACKNOWLEDGED_WITHIN)
                result.seconds = round(last - first, 4)
                result.rate = round((documents - tenth) / (last - first), 1)
                for group, seconds in after.items():
                    result.cpu[group] = round((seconds - before[group]) / (documents - tenth) * 1000, 4)
                await asyncio.sleep(REPEATS_WITHIN)
                await check(
                    self.servers, environment, result, await collector.arrivals(), expected(0, documents, shape)
                )
        return result

    async def latency(self, system: System, documents: int, rate: float) -> Result:
        """Start the system, then submit at a steady rate; from the submission to the completion's arrival.

        The graph holds documents before: Neo4j plans its queries anew while an empty one grows, for 0.2 s and more.
        """
        result = Result(system.name, "latency", documents)
        before = GRAPH_OF + AT_RATE
        total = before + documents
        async with self._prepared(system, result) as environment:
            async with collecting(environment, self.folder, [GRAPH_OF, before, total]) as collector:
                async with self._workers(system, environment) as workers:
                    log = self._log(system)
                    await self._submit(system, environment, count=GRAPH_OF)
                    await until_either(collector.until(GRAPH_OF), workers, log, LAST_WITHIN)
                    await self._take_away(system, environment)
                    self.servers.driver.execute_query("CALL db.prepareForReplanning()")
                    await self._submit(system, environment, first=GRAPH_OF, count=AT_RATE, rate=rate)
                    await until_either(collector.until(before), workers, log, LAST_WITHIN)
                    await self._submit(system, environment, first=before, count=documents, rate=rate)
                    await until_either(collector.until(total), workers, log, LAST_WITHIN)
                    result.memory = round(usage.peak_megabytes(worker.pid for worker in workers), 1)
                    await asyncio.sleep(ACKNOWLEDGED_WITHIN)
                arrivals = await collector.arrivals()
                await check(self.servers, environment, result, arrivals, expected(0, total))
                sent = _times(self.folder / "sent.json")
                waits = sorted((at - sent[id_]) * 1000 for id_, at in arrivals if id_ in sent)
                if waits:
                    result.p50 = round(waits[len(waits) // 2], 2)
                    result.p99 = round(waits[int(len(waits) * 0.99)], 2)
        return result

    @asynccontextmanager
    async def serving(self, system: System) -> AsyncIterator[tuple[dict[str, str], list[int]]]:
        """Run a system on an empty graph; yield the settings that lead to its servers, and the pids of its workers.

        Raises:
            RunError: it did not start, or ended.

        """
        result = Result(system.name, "serving", 0)
        async with self._prepared(system, result) as environment, self._workers(system, environment) as workers:
            async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
                waiting = consumed(connection, "documents.submitted")
                await until_either(waiting, workers, self._log(system), FIRST_WITHIN)
            yield environment, [worker.pid for worker in workers]
        if result.problems:
            raise RunError("; ".join(result.problems))

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
            if result.problems and self._log(system).exists():
                self._log(system).rename(self.folder / f"{system.name}-failed-{self._fresh}.log")
            if result.problems or system.how != "service":
                self.servers.drop_vhost(vhost)

    async def _declare(self, system: System, environment: dict[str, str]) -> None:
        """Let the service declare its queues, once for each vhost."""
        async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
            if not await exists(connection, "documents.submitted"):
                async with self._workers(system, environment) as workers:
                    await until_either(appears(connection, "documents.submitted"), workers, self._log(system), 60)
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
        self,
        system: System,
        environment: dict[str, str],
        *,
        first: int = 0,
        count: int,
        rate: float = 0,
        shape: Shape = Shape.SKEWED,
    ) -> None:
        command = (sys.executable, "-m", "benchmarks.harness.producer", system.how, str(self.folder / "sent.json"))
        options = ("--first", str(first), "--count", str(count), "--rate", str(rate), "--shape", shape)
        await finish((*command, *options), environment, self.folder / "producer.log", within=600)

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


def _times(path: Path) -> dict[str, float]:
    return dict(json.loads(path.read_text()))
