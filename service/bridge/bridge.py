"""The bridge as a process runs it: it connects, consumes, mends what breaks, and stops in order."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from aio_pika.abc import AbstractIncomingMessage

from service.bridge import places
from service.bridge.answers import Answers
from service.bridge.control import Control, Revoked
from service.bridge.places import CELERY, RETURNED
from service.bridge.policy import policy_command, policy_is_missing
from service.bridge.redis_results import RedisResults
from service.bridge.revocations import Revocations
from service.bridge.session import Session, open_session
from service.bridge.worker import Ways, Worker
from service.bridge.worker_events import WorkerEvents
from service.delivery.connection import CHANNEL_GONE, losses_told_apart
from service.delivery.envelope import describe
from service.delivery.subscriber import Line
from service.errors import StartupError
from service.handlers.pipeline import Pipeline
from service.telemetry import Metrics

log = structlog.get_logger(__name__)

LOOK = 0.5
"""Seconds between two looks at the own consumers."""
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to connect."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the settings say of the bridge."""

    url: str
    queues: Sequence[str]
    prefetch: int
    delivery_limit: int
    timeout: float
    """Seconds to wait for a confirm."""
    startup_timeout: float
    ways: Ways


class Bridge:
    """Use it as an async context manager, inside the lifespan: entering it consumes already."""

    def __init__(
        self,
        options: Options,
        pipeline: Pipeline,
        line: Line,
        metrics: Metrics,
        redis: RedisResults | None,
    ) -> None:
        self._options = options
        self._settlement = line.settlement
        self._redis = redis
        # Our own queue takes what is redelivered from the others, whether clients use it or not.
        self._queues = list(dict.fromkeys([*options.queues, CELERY]))
        self._events = WorkerEvents(f"docgraph-{os.getpid()}@{socket.gethostname()}")
        revoked = Revoked()
        self._worker = Worker(options.ways, pipeline, line, metrics, events=self._events, revoked=revoked)
        self._events.active = lambda: len(self._worker.active())
        self._revocations = Revocations(revoked)
        self._control = Control(
            self._events,
            revoked,
            tasks=list(options.ways.tasks),
            queues=self._queues,
            prefetch=options.prefetch,
            active=self._worker.active,
            revoke=self._revocations.note,
            terminate=self._worker.terminate,
        )
        self._session: Session | None = None
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def __aenter__(self) -> Self:
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._supervision = asyncio.create_task(self._supervise(first))
        try:
            async with asyncio.timeout(self._options.startup_timeout):
                await first
        except (*CHANNEL_GONE, TimeoutError) as error:
            await self.close()
            why = str(error) or "no answer in time"
            msg = f"DOCGRAPH_CELERY_QUEUES: expected RabbitMQ to let the Celery bridge consume, got {why}"
            raise StartupError(msg) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def problem(self) -> str | None:
        """Return what is not ready."""
        if self._session is None or self._session.closed.is_set():
            return "expected the Celery bridge to be connected, but it is not"
        if deaf := await self._session.deaf():
            return f"expected the Celery bridge to consume {', '.join(deaf)}, but it does not"
        return None

    async def stop(self, grace: float) -> bool:
        """Take no more tasks and finish what is at hand; return whether it was finished within the grace (seconds)."""
        self._stopping = True
        if (session := self._session) is not None:
            with suppress(*CHANNEL_GONE, TimeoutError):
                async with losses_told_apart():
                    await session.pause()
                    async with asyncio.timeout(5):
                        await self._events.leave(session.event)
        unfinished: set[asyncio.Task[None]] = set()
        if self._in_flight:
            _, unfinished = await asyncio.wait(self._in_flight, timeout=grace)
        await self.close()
        return not unfinished

    async def close(self) -> None:
        """Give back what is at hand, at once: RabbitMQ requeues it."""
        self._stopping = True
        self._supervision.cancel()
        with suppress(asyncio.CancelledError):
            await self._supervision
        if self._in_flight:
            for task in self._in_flight:
                task.cancel()
            await asyncio.wait(self._in_flight)

    async def _supervise(self, first: asyncio.Future[None]) -> None:
        pause = 0.1
        while not self._stopping:
            try:
                async with losses_told_apart(), AsyncExitStack() as stack:
                    async with asyncio.timeout(self._options.startup_timeout):
                        await self._open(stack, check=not first.done())
                    pause = 0.1
                    if not first.done():
                        first.set_result(None)
                    await self._watch()
            except Exception as error:  # noqa: BLE001 - whatever it is, the bridge does not end before its process
                if not first.done():
                    first.set_exception(error)
                    return
                log.warning("the Celery bridge will connect again", problem=describe(error))
            finally:
                self._session = None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _open(self, stack: AsyncExitStack, *, check: bool) -> None:
        options = self._options
        session = await stack.enter_async_context(open_session(options.url, options.prefetch, options.timeout))
        await self._declare(session)
        # What is revoked is known before a task is taken: by broadcasts from now on, and by what is written.
        await session.listen(self._control.answer, self._events.node)
        await self._revocations.recall(session.connection)
        if check:
            await self._check_policies(session)
        answers = Answers(session.replies, session.publishing, self._redis)
        take = partial(self._take, answers)
        for queue in (*self._queues, RETURNED):
            await session.consume(queue, take)
        for work in (self._events.run(session.event), self._revocations.write(session.publish)):
            stack.callback(asyncio.create_task(work).cancel)
        self._answers = answers
        self._session = session

    async def _declare(self, session: Session) -> None:
        await places.declare(session.connection, self._queues, self._options.delivery_limit)

    async def _watch(self) -> None:
        """Return when the connection is lost; mend what else is."""
        session = self._session
        assert session is not None
        while not session.closed.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await session.closed.wait()
            # A queue that was deleted: what is at hand of it goes on, so the connection stays.
            for queue in await session.deaf():
                log.warning("the Celery bridge does not consume; declaring the queue again", queue=queue)
                async with asyncio.timeout(self._options.startup_timeout):
                    await self._declare(session)
                    await session.consume(queue, partial(self._take, self._answers))
        log.warning("the Celery bridge has lost its connection")

    async def _take(self, answers: Answers, session: Session, queue: str, message: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._in_flight.add(task)
        try:
            async with losses_told_apart():
                await self._worker.take(session, answers, queue, message)
        except Exception as error:  # noqa: BLE001 - no task is left hanging
            if session.tasks.is_closed:
                log.info("the connection was lost; the task will be redelivered", task=message.message_id)
                return
            # Also when it was the service's other connection that was lost: nobody redelivers what this one holds.
            log.warning("a task could not be settled and is requeued", task=message.message_id, problem=describe(error))
            await self._settlement.give_back(message)
        finally:
            self._in_flight.discard(task)

    async def _check_policies(self, session: Session) -> None:
        """Say what to do about queues that drop what expires in them. Before we consume, as it must be alone."""
        theirs = [queue for queue in self._queues if queue != CELERY]
        missing = await asyncio.gather(*(policy_is_missing(session.connection, queue) for queue in theirs))
        if bad := [queue for queue, is_missing in zip(theirs, missing, strict=True) if is_missing]:
            log.warning(
                "tasks that expire in these queues are dropped and their callers wait in vain: a policy is missing",
                queues=bad,
                set_it_with=policy_command(self._queues, self._options.url),
            )
