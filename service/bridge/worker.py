"""The life of one task: taken, perhaps parked, done by the pipeline, answered, acknowledged."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog
from aio_pika.abc import AbstractIncomingMessage

from service.bridge import results
from service.bridge.answers import Answers
from service.bridge.control import Revoked
from service.bridge.job import Job, parked, same
from service.bridge.lanes import Lane, next_lane
from service.bridge.mapping import Tasks
from service.bridge.places import CELERY, RETURNED
from service.bridge.policy import PROBE
from service.bridge.refusals import RevokedError, SoftTimeLimitError, TimeLimitError
from service.bridge.session import Session
from service.bridge.task import Call, Caller
from service.bridge.teller import Teller
from service.bridge.verdict import HEADER, Verdict
from service.bridge.work import Arrivals, event_of
from service.bridge.worker_events import WorkerEvents
from service.delivery.envelope import Envelope, last_death, now
from service.delivery.quarantine import is_suspect
from service.delivery.retry import DeadLetter, Retry
from service.delivery.subscriber import Line
from service.delivery.topology import RETRY
from service.errors import CrashLoopError, DocgraphError, InvalidEventError
from service.handlers.pipeline import Completion, Input, Pipeline
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
    result_expires: float
    """Seconds that a result is of use to its caller."""


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
        self._teller = Teller(metrics, events, default_queue=ways.default_queue, patience=ways.result_expires)
        self._arrivals = Arrivals()
        self._jobs: dict[str, Job] = {}

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
        job = Job(session, answers, queue, message, caller, Call(), Envelope.of(message), time.time())
        if (verdict := Verdict.read(message.headers.get(HEADER))) is not None:
            await self._tell_again(job, verdict)
        elif queue == RETURNED:
            await self._guarded(job, self._returned)
        elif message.redelivered and queue != CELERY:
            # The callers' queues count no deliveries; ours does, and ends what kills its process.
            await self._guarded(job, self._pass_on)
        elif is_suspect(message):
            async with self._quarantine.alone():
                await self._guarded(job, self._attempt)
        else:
            await self._guarded(job, self._attempt)

    async def _guarded(self, job: Job, step: Callable[[Job], Awaitable[Verdict | None]]) -> None:
        """Take a step with a task. A failure is the task's until it has a verdict; then it stays what it is."""
        try:
            verdict = await step(job)
        except RevokedError as revoked:
            verdict = Verdict.revoked(str(revoked))
        except Exception as error:  # noqa: BLE001 - its fate is decided in one place
            if job.session.tasks.is_closed:
                log.info("the connection was lost; the task will be redelivered", task=job.caller.id)
                return
            about = (job.event.document_id, job.event.order) if job.event else None
            tell = partial(self._tell_failure, job, error)
            await self._settlement.fail(job.message, job.queue, error, about=about, tell=tell)
            return
        if verdict is not None:
            await self._teller.tell(job, verdict)
        self._settlement.succeed(job.message)

    async def _tell_again(self, job: Job, verdict: Verdict) -> None:
        with suppress(DocgraphError):  # of a task that failed for it; what follows is unknown then
            job.call = Call.read(job.message, ROOM * self._ways.max_document)
        await self._teller.tell(job, verdict)
        self._settlement.succeed(job.message)

    async def _tell_failure(self, job: Job, error: Exception, decision: Retry | DeadLetter) -> None:
        if isinstance(decision, DeadLetter):
            await self._teller.tell(job, Verdict.failure(error))
            return
        await job.answers.send(job.caller, results.retry(job.caller, error))
        self._metrics.celery_task(results.RETRY.lower())
        text = results.describe(error)
        self._events.task("retried", job.caller, exception=text, traceback=text)

    async def _attempt(self, job: Job) -> Verdict | None:
        caller, largest = job.caller, ROOM * self._ways.max_document
        self._check_wanted(caller)
        job.call = Call.read(job.message, largest)
        # Before it waits for its ETA, and the copy that waits keeps it: a task sent later is the newer one.
        occurred_at = self._arrivals.note(job.message, job.sender.event_id)
        job.event = event_of(caller, job.call, occurred_at, self._ways.tasks)
        if (lane := next_lane(caller.eta)) is not None:
            await self._park(job, lane)
            return None
        self._events.received(caller)
        self._jobs[caller.id] = job
        try:
            completion = await self._done(job, job.event)
        finally:
            self._jobs.pop(caller.id, None)
        await self._outbox.publish(completion, job.sender)
        return Verdict.success(completion.write())

    def _check_wanted(self, caller: Caller) -> None:
        if caller.id in self._revoked:
            raise RevokedError("revoked")
        if caller.expires is not None and caller.expires <= now():
            raise RevokedError("expired")

    async def _done(self, job: Job, event: Input) -> Completion:
        caller = job.caller
        limits = [limit for limit in (caller.hard_limit, caller.soft_limit) if limit is not None]
        await self._start(job, event)
        if job.terminated:
            raise RevokedError("terminated")
        try:
            async with asyncio.timeout(min(limits, default=None)) as job.clock:
                return await self._pipeline.handle(event, job.sender)
        except TimeoutError:
            if job.terminated:
                raise RevokedError("terminated") from None
            if job.clock is None or not job.clock.expired():
                raise
            kind = SoftTimeLimitError if min(limits) == caller.soft_limit else TimeLimitError
            msg = f"expected the task to be done within its limit of {min(limits):g} s, got no end; allow it more time"
            raise kind(msg) from None

    async def _start(self, job: Job, event: Input) -> None:
        if self._ways.track_started:
            await job.answers.send(job.caller, results.started(job.caller, self._events.node))
        self._events.task("started", job.caller)
        # The journal knows it before the graph does, as it does of every other event.
        await job.session.journal(event, job.sender)

    async def _returned(self, job: Job) -> Verdict | None:
        """Answer for a task that a queue gave up."""
        reason = last_death(job.message.headers).get("reason")
        if reason == "expired":
            raise RevokedError("expired")
        if reason == "delivery_limit":
            raise CrashLoopError.after("the queue's delivery limit")
        msg = f"expected the task to be done or to expire, but its queue gave it up as {reason!r}; replay it if wanted"
        raise InvalidEventError(msg)

    async def _pass_on(self, job: Job) -> None:
        self._arrivals.note(job.message, job.sender.event_id)
        await job.session.publish("", CELERY, same(job))

    async def _park(self, job: Job, lane: Lane) -> None:
        await job.session.publish(RETRY.name, job.queue, parked(job, lane))
        self._metrics.celery_task("parked")
