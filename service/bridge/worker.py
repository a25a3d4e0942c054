"""The life of one task: taken, perhaps parked, done by the pipeline, answered, acknowledged."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage

from service.bridge import results
from service.bridge.answers import Answers
from service.bridge.canvas import Follower, after_failure, after_success, broken_links
from service.bridge.control import Revoked
from service.bridge.lanes import Lane, lane_name, next_lane
from service.bridge.mapping import Tasks
from service.bridge.places import CELERY, RETURNED
from service.bridge.policy import PROBE
from service.bridge.refusals import RevokedError, SoftTimeLimitError, TimeLimitError
from service.bridge.session import Session
from service.bridge.task import Call, Caller
from service.bridge.work import Arrivals, Completion, Input, Pipeline, event_of
from service.bridge.worker_events import WorkerEvents
from service.delivery import envelope as names
from service.delivery.copies import copy_of
from service.delivery.envelope import Envelope, now
from service.delivery.outbox import APP_ID
from service.delivery.quarantine import is_suspect
from service.delivery.retry import DeadLetter, Retry
from service.delivery.subscriber import Line
from service.delivery.topology import DOCUMENTS, HANDLED, RETRY, TIER_HEADER
from service.errors import CrashLoopError, InvalidEventError
from service.telemetry import Metrics

log = structlog.get_logger(__name__)

ROOM = 2
"""A body is at most so many times as large as the largest document: base64, and the rest of the message."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What the settings say of tasks."""

    tasks: Tasks
    default_queue: str
    track_started: bool
    max_document: int
    """Bytes."""


@dataclass(slots=True)
class _Job:
    """A task at hand."""

    session: Session
    answers: Answers
    queue: str
    message: AbstractIncomingMessage
    caller: Caller
    call: Call
    sender: Envelope
    began: float
    event: Input | None = None
    clock: asyncio.Timeout | None = None
    terminated: bool = False


class Worker:
    """Does tasks. Nothing here acknowledges before all that a task brings is confirmed."""

    def __init__(
        self,
        ways: Ways,
        pipeline: Pipeline,
        line: Line,
        metrics: Metrics,
        *,
        events: WorkerEvents,
        revoked: Revoked,
    ) -> None:
        self._ways = ways
        self._pipeline = pipeline
        self._settlement, self._outbox, self._quarantine = line.settlement, line.outbox, line.quarantine
        self._metrics = metrics
        self._events = events
        self._revoked = revoked
        self._arrivals = Arrivals()
        self._jobs: dict[str, _Job] = {}

    def active(self) -> Mapping[str, tuple[Caller, float]]:
        """Return the tasks at hand, with the time they began."""
        return {id_: (job.caller, job.began) for id_, job in self._jobs.items()}

    def terminate(self, task_id: str) -> None:
        """End a task at hand; what is being committed is committed all the same."""
        if (job := self._jobs.get(task_id)) is not None:
            job.terminated = True
            if job.clock is not None and not job.clock.expired():
                job.clock.reschedule(asyncio.get_running_loop().time())

    async def take(self, session: Session, answers: Answers, queue: str, message: AbstractIncomingMessage) -> None:
        """Do one task. When the connection is lost on the way, it is delivered again and answered again."""
        if message.headers.get(PROBE):
            self._settlement.succeed(message)
            return
        caller = Caller.of(message)
        if caller.id:
            # Whatever reads the envelope from here on takes the task id for the event id.
            message.message_id = caller.id  # type: ignore[misc]
        job = _Job(session, answers, queue, message, caller, Call(), Envelope.of(message), time.time())
        if queue == RETURNED:
            await self._guarded(job, self._returned)
        elif message.redelivered and queue != CELERY:
            # The callers' queues count no deliveries; ours does, and ends what kills its process.
            await self._guarded(job, self._pass_on)
        elif is_suspect(message):
            async with self._quarantine.alone():
                await self._guarded(job, self._attempt)
        else:
            await self._guarded(job, self._attempt)

    async def _guarded(self, job: _Job, step: Callable[[_Job], Awaitable[None]]) -> None:
        try:
            try:
                await step(job)
            except RevokedError as revoked:
                await self._revoke(job, str(revoked))
        except Exception as error:  # noqa: BLE001 - its fate is decided in one place
            if job.session.tasks.is_closed:
                log.info("the connection was lost; the task will be redelivered", task=job.caller.id)
                return
            about = (job.event.document_id, job.event.order) if job.event else None
            tell = partial(self._tell, job, error)
            await self._settlement.fail(job.message, job.queue, error, about=about, tell=tell)

    async def _attempt(self, job: _Job) -> None:
        caller, largest = job.caller, ROOM * self._ways.max_document
        self._check_wanted(caller)
        job.call = Call.read(job.message, largest)
        if (lane := next_lane(caller.eta)) is not None:
            event_of(caller, job.call, now().isoformat(), self._ways.tasks)
            await self._park(job, lane)
            return
        self._events.received(caller)
        job.event = event_of(caller, job.call, self._arrivals.note(job.message, job.sender.event_id), self._ways.tasks)
        self._jobs[caller.id] = job
        try:
            completion = await self._done(job, job.event)
        finally:
            self._jobs.pop(caller.id, None)
        await self._answer(job, completion)

    def _check_wanted(self, caller: Caller) -> None:
        if caller.id in self._revoked:
            raise RevokedError("revoked")
        if caller.expires is not None and caller.expires <= now():
            raise RevokedError("expired")

    async def _done(self, job: _Job, event: Input) -> Completion:
        caller = job.caller
        limits = [limit for limit in (caller.hard_limit, caller.soft_limit) if limit is not None]
        await self._start(job, event)
        if job.terminated:
            raise RevokedError("terminated")
        try:
            async with asyncio.timeout(min(limits, default=None)) as job.clock:
                return await self._pipeline.handle(event, job.sender.event_id, job.sender.attempt)
        except TimeoutError:
            if job.terminated:
                raise RevokedError("terminated") from None
            if job.clock is None or not job.clock.expired():
                raise
            kind = SoftTimeLimitError if min(limits) == caller.soft_limit else TimeLimitError
            msg = f"expected the task to be done within its limit of {min(limits):g} s, got no end; allow it more time"
            raise kind(msg) from None

    async def _start(self, job: _Job, event: Input) -> None:
        if self._ways.track_started:
            await job.answers.send(job.caller, results.started(job.caller, self._events.node))
        self._events.task("started", job.caller)
        # The journal knows it before the graph does, as it does of every other event.
        await job.session.publish(DOCUMENTS.name, event.kind + HANDLED, _journaled(event, job.sender))

    async def _answer(self, job: _Job, completion: Completion) -> None:
        caller, sender = job.caller, job.sender
        await self._outbox.publish(completion, sender)
        written = completion.write()
        followers: list[Follower] = []
        if job.call.callbacks or job.call.chain:
            followers = after_success(caller, job.call, json.loads(written), self._events.node)
        for follower in followers:
            await job.session.follow(follower, self._ways.default_queue)
        answer = results.success(caller, written, [follower.id for follower in followers])
        await job.answers.send_written(caller, answer)
        self._count(results.SUCCESS)
        self._events.processed += 1
        if self._events.enabled:
            self._events.task("succeeded", caller, result=written[:200].decode(), runtime=time.time() - job.began)
        self._settlement.succeed(job.message)

    async def _tell(self, job: _Job, error: Exception, decision: Retry | DeadLetter) -> None:
        caller, text = job.caller, results.describe(error)
        if isinstance(decision, Retry):
            await job.answers.send(caller, results.retry(caller, error))
            self._count(results.RETRY)
            self._events.task("retried", caller, exception=text, traceback=text)
            return
        for follower in after_failure(caller, job.call, self._events.node):
            await job.session.follow(follower, self._ways.default_queue)
        for waiting in (*broken_links(caller, job.call), caller):
            await job.answers.send(waiting, results.failure(waiting, error))
        self._count(results.FAILURE)
        self._events.task("failed", caller, exception=text, traceback=text)

    async def _revoke(self, job: _Job, why: str) -> None:
        await job.answers.send(job.caller, results.revoked(job.caller, why))
        self._count(results.REVOKED)
        self._events.task("revoked", job.caller, terminated=why == "terminated", signum=None, expired=why == "expired")
        self._settlement.succeed(job.message)

    async def _returned(self, job: _Job) -> None:
        """Answer for a task that a queue gave up."""
        deaths = job.message.headers.get("x-death")
        death: Any = deaths[0] if isinstance(deaths, list) and deaths else {}
        reason = death.get("reason") if isinstance(death, Mapping) else None
        if reason == "expired":
            raise RevokedError("expired")
        if reason == "delivery_limit":
            msg = (
                "expected the task to be answered within the queue's delivery limit, got none: it ends its process, or "
                "the process was ended each time while it was in flight; replay it once the cause is mended"
            )
            raise CrashLoopError(msg)
        msg = f"expected the task to be done or to expire, but its queue gave it up as {reason!r}; replay it if wanted"
        raise InvalidEventError(msg)

    async def _pass_on(self, job: _Job) -> None:
        self._arrivals.note(job.message, job.sender.event_id)
        await job.session.publish("", CELERY, _same(job))
        self._settlement.succeed(job.message)

    async def _park(self, job: _Job, lane: Lane) -> None:
        copy = _same(job)
        copy.headers[TIER_HEADER] = lane_name(lane.delay)
        copy.expiration = lane.expiration
        await job.session.publish(RETRY.name, job.queue, copy)
        self._count("PARKED")
        self._settlement.succeed(job.message)

    def _count(self, state: str) -> None:
        self._metrics.celery_task(state.lower())


def _same(job: _Job) -> aio_pika.Message:
    """Return the task as it came, attempts and all."""
    sender = job.sender
    kept = {
        names.ATTEMPT: sender.attempt,
        names.FIRST_ERROR: sender.first_error,
        names.FIRST_FAILED_AT: sender.first_failed_at,
        names.EXCHANGE: sender.exchange,
        names.ROUTING_KEY: sender.routing_key,
    }
    copy = copy_of(job.message)
    copy.headers.update({key: value for key, value in kept.items() if value is not None})
    return copy


def _journaled(event: Input, sender: Envelope) -> aio_pika.Message:
    """Return the event as a producer of events would have published it."""
    return aio_pika.Message(
        event.write(),
        message_id=sender.event_id,
        correlation_id=sender.correlation_id,
        type=event.kind,
        content_type="application/json",
        app_id=APP_ID,
        timestamp=now(),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
