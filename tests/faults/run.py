"""One run: workers, a load, one fault, and everything that can be seen of it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from aio_pika.abc import AbstractIncomingMessage

from service.delivery import journal
from service.delivery.connection import connected
from service.delivery.topology import DEAD
from service.local.neo4j import Neo4j
from service.local.rabbitmq import RabbitMQ
from service.settings import Settings
from tests.faults import inspection
from tests.faults.checker import Completion, Seen
from tests.faults.collector import COMPLETIONS, Collector, keep_completions
from tests.faults.connections import LOST, a_channel
from tests.faults.publishers import Publishers
from tests.faults.workers import Make, Worker, all_ready
from tests.faults.workload import Plan, Size

POLL_SECONDS = 0.1
ENDS_WITHIN = 40.0
"""Seconds for a worker to end after SIGTERM."""
SLOWER = 50
"""How much slower publications go while a fault lasts."""
NOT_WORK = (DEAD, COMPLETIONS)
CLEAN_ENDS = (0, -15)
"""Exit codes after SIGTERM: a process that has just been started again may not have heard of it yet."""


class Run:
    """What a scenario works with."""

    def __init__(
        self,
        *,
        size: Size,
        plan: Plan,
        vhost: str,
        settings: Settings,
        rabbitmq: RabbitMQ,
        neo4j: Neo4j,
        makes: Sequence[Make],
    ) -> None:
        self.size = size
        self.plan = plan
        self.vhost = vhost
        self.url = settings.rabbitmq_url
        self.settings = settings
        self.rabbitmq = rabbitmq
        self.neo4j = neo4j
        self.workers = [Worker(settings, make) for make in makes]
        self.broker_restarted = False
        self.problems: list[str] = []
        """What a scenario itself has found wrong."""
        self._publishers = Publishers(self.url, plan.publications)
        self._collector = Collector(self.url, COMPLETIONS, self._take)
        self._completions: list[Completion] = []
        self._answered: set[str] = set()
        self._fault_ends: list[datetime] = []
        self._ended = False
        self._bound = True
        self._faulty = False
        self._published = asyncio.Event()
        self._before_replay: frozenset[str] | None = None

    # for the scenarios

    async def reached(self, share: float) -> None:
        """Wait until this share of the messages has been answered. The first call lets the load begin."""
        self._pace()
        count = share * len(self.plan.messages)
        await self._collector.until(lambda: len(self._answered) >= count)

    @asynccontextmanager
    async def fault(self) -> AsyncGenerator[None, None]:
        """Mark how long a fault lasts. The publishers do not wait for answers meanwhile, but go slowly.

        So each of them meets it, and a load is left for afterwards.
        """
        self._faulty = True
        self._publishers.allow(len(self.plan.publications), self.size.per_second / SLOWER)
        yield
        self._faulty = False
        # Where nothing is left to be answered, as another worker went on meanwhile, there is nothing to resume.
        if not self._answered >= self.plan.messages.keys():
            self._fault_ends.append(datetime.now(UTC))
        self._pace()

    async def published(self) -> None:
        """Let the publishers go, and wait until every publication is confirmed."""
        self._let_go()
        await self._published.wait()

    async def consumed(self, queue: str, within: float) -> None:
        """Wait until a queue is there and has a consumer."""
        async with asyncio.timeout(within):
            while True:
                with suppress(*LOST):
                    async with a_channel(self.url) as channel:
                        declared = await channel.declare_queue(queue, passive=True)
                        if declared.declaration_result.consumer_count:
                            return
                await asyncio.sleep(POLL_SECONDS)

    async def replay(self) -> None:
        """Put every input of the journal into its work queue once more."""
        self._before_replay = frozenset(self._answered)
        async with connected(self.url) as connection:
            await journal.replay(connection)

    # for the test

    async def carry_out(self, scenario: Callable[["Run"], Awaitable[None]]) -> Seen:
        """Load the service while the scenario does its harm, let it settle, look at everything."""
        try:
            await asyncio.gather(*(worker.start() for worker in self.workers))
            await all_ready(self.workers, within=60)
            await keep_completions(self.url)
            async with self._collector.following():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._publish())
                    group.create_task(self._harm(scenario))
                await self._settle()
                await self._stop_workers()
                await self._read_to_the_end()
            return await self._look()
        finally:
            for worker in self.workers:
                with suppress(AttributeError):  # never started
                    await worker.remove()

    async def _publish(self) -> None:
        try:
            async with asyncio.timeout(2 * self.size.answered_within + 4 * self.size.graph_frozen):
                await self._publishers.run()
        except TimeoutError:
            self.problems.append("stuck: the publishers did not come to their end")
        self._published.set()

    async def _harm(self, scenario: Callable[["Run"], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self.size.answered_within + 2 * self.size.graph_frozen):
                await scenario(self)
        except TimeoutError:
            share = len(self._answered) / len(self.plan.messages)
            self.problems.append(f"stuck: the scenario did not come to its end, {share:.0%} of the messages answered")
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self._bound = False
        self._pace()

    def _pace(self) -> None:
        ahead = self.size.ahead if self._bound else len(self.plan.publications)
        self._publishers.allow(len(self._answered) + ahead, self.size.per_second)

    async def _settle(self) -> None:
        """Wait until all is answered and no queue holds anything but dead letters."""
        try:
            async with asyncio.timeout(self.size.answered_within):
                await self._collector.until(lambda: self._answered >= self.plan.messages.keys())
                while any((await self._left()).values()):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            missing = len(self.plan.messages.keys() - self._answered)
            self.problems.append(
                f"not settled within {self.size.answered_within:.0f} s: {missing} messages without an answer"
            )

    async def _read_to_the_end(self) -> None:
        try:
            async with asyncio.timeout(30):
                await inspection.mark_the_end(self.url)
                await self._collector.until(lambda: self._ended)
        except TimeoutError:
            self.problems.append("unknown: the completions could not be read to their end")

    async def _left(self) -> dict[str, int]:
        found = await inspection.totals(self.rabbitmq, self.vhost)
        return {queue: count for queue, count in found.items() if queue not in NOT_WORK}

    async def _stop_workers(self) -> None:
        for number, worker in enumerate(self.workers):
            try:
                code = await worker.stop(ENDS_WITHIN)
            except TimeoutError:
                self.problems.append(f"worker {number} did not end within {ENDS_WITHIN:.0f} s after SIGTERM")
            else:
                if code not in CLEAN_ENDS:
                    self.problems.append(f"worker {number} ended with {code} after SIGTERM")

    def _take(self, message: AbstractIncomingMessage) -> None:
        if message.routing_key == inspection.END:
            self._ended = True
            return
        completion = Completion(message.message_id, str(message.type), json.loads(message.body))
        self._completions.append(completion)
        self._answered.add(completion.causation_id)
        if not self._faulty:
            self._pace()

    async def _look(self) -> Seen:
        messages = await inspection.journal(self.url)
        async with inspection.graph_view(self.settings) as graph:
            nodes, graph_problems = await inspection.nodes(graph)
        return Seen(
            attempted=self._publishers.attempted,
            confirmed=self._publishers.confirmed,
            journal=inspection.copies(messages),
            journal_may_have_gaps=self.broker_restarted,
            completions=self._completions,
            answered_before_replay=self._before_replay,
            left=await self._left(),
            dead=await inspection.dead_letters(self.url),
            graph=nodes,
            graph_problems=graph_problems,
            resumed=[self._resumed(end) for end in self._fault_ends],
            peak_memory=max(worker.peak for worker in self.workers),
        )

    def _resumed(self, end: datetime) -> float | None:
        answered = [datetime.fromisoformat(str(c.body["occurred_at"])) for c in self._completions]
        later = [moment - end for moment in answered if moment > end]
        return min(later, default=timedelta()).total_seconds() if later else None
