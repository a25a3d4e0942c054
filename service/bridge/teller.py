"""Tells callers how their tasks ended: replies, results in Redis, and what follows. Nothing here undoes a task.

A task is through when its completion or its dead letter is confirmed, or when it is revoked. If Redis is away then, or
the queue of a callback is full, it is neither done again nor failed: that would contradict the event that is out. The
task waits in the lanes of the ETAs and brings its verdict along, and only who was not told is told. There it holds no
delivery, so that other tasks go on, and it outlives the process. It comes back after as long as it has waited already,
each minute at last, until the result would have expired.
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from service.bridge.canvas import Follower, after_failure, after_success, broken_links
from service.bridge.job import Job, parked
from service.bridge.lanes import DELAYS, Lane
from service.bridge.results import FAILURE, REVOKED, SUCCESS
from service.bridge.task import Call, Caller
from service.bridge.verdict import HEADER, Verdict
from service.bridge.worker_events import WorkerEvents
from service.delivery.envelope import describe, now
from service.delivery.topology import RETRY
from service.telemetry import Metrics

log = structlog.get_logger(__name__)

PAUSES = DELAYS[:4]
"""Seconds between two attempts to tell: 1 s to 64 s."""
_KINDS = {SUCCESS: "succeeded", FAILURE: "failed", REVOKED: "revoked"}


class Teller:
    """Tells callers for one process."""

    def __init__(self, metrics: Metrics, events: WorkerEvents, *, default_queue: str, patience: float) -> None:
        """Make it.

        Args:
            metrics: counts who was told what.
            events: for Flower and the like.
            default_queue: for what follows a task and names no queue.
            patience: seconds until a caller is given up.

        """
        self._metrics = metrics
        self._events = events
        self._default_queue = default_queue
        self._patience = patience

    async def tell(self, job: Job, verdict: Verdict) -> None:
        """Tell everybody, or have the task come back for those who could not be told.

        Raises:
            BrokerUnavailableError: it cannot be sent to wait either.

        """
        if (problem := await self._try(job, verdict)) is None:
            self._metrics.celery_task(verdict.status.lower())
            self._report(job, verdict)
        elif job.session.tasks.is_closed:
            raise problem
        else:
            await self._wait(job, verdict, problem)

    async def _try(self, job: Job, verdict: Verdict) -> Exception | None:
        """Take each step that is left. None waits for another: a reply not for Redis, Redis not for a callback."""
        followers, documents = _planned(job, verdict, self._events.node)
        steps = (
            partial(_reply, job, verdict, documents),
            partial(_store, job, verdict, documents),
            *(partial(self._follow, job, verdict, follower) for follower in followers),
        )
        problem = None
        for step in steps:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are not kept waiting
                problem = problem or error
        return problem

    async def _follow(self, job: Job, verdict: Verdict, follower: Follower) -> None:
        if follower.id not in verdict.followed:
            await job.session.follow(follower, self._default_queue)
            verdict.followed.append(follower.id)

    async def _wait(self, job: Job, verdict: Verdict, problem: Exception) -> None:
        waited = (now() - datetime.fromisoformat(verdict.since)).total_seconds()
        facts = {"task": job.caller.id, "state": verdict.status, "problem": describe(problem)}
        if waited > self._patience:
            log.error("a caller could not be told how its task ended, and is given up", **facts)
            self._metrics.celery_task("untold")
            return
        pause = max((pause for pause in PAUSES if pause <= waited), default=PAUSES[0])
        log.warning("a caller cannot be told yet how its task ended", **facts, pause_seconds=pause)
        message = parked(job, Lane(pause, pause))
        message.headers[HEADER] = verdict.write()
        await job.session.publish(RETRY.name, job.queue, message)

    def _report(self, job: Job, verdict: Verdict) -> None:
        """Tell Flower and the like, if they listen."""
        facts: dict[str, Any] = {}
        if verdict.status == SUCCESS:
            self._events.processed += 1
            facts = {"result": verdict.result[:200], "runtime": time.time() - job.began}
        elif verdict.status == FAILURE:
            facts = {"exception": verdict.traceback, "traceback": verdict.traceback}
        elif verdict.status == REVOKED:
            why = json.loads(verdict.result)["exc_message"][0]
            facts = {"terminated": why == "terminated", "signum": None, "expired": why == "expired"}
        self._events.task(_KINDS[verdict.status], job.caller, **facts)


Document = tuple[Caller, bytes]


async def _reply(job: Job, verdict: Verdict, documents: Sequence[Document]) -> None:
    if not verdict.replied:
        for caller, document in documents:
            await job.answers.reply(caller, document)
        verdict.replied = True


async def _store(job: Job, verdict: Verdict, documents: Sequence[Document]) -> None:
    if not verdict.stored:
        for caller, document in documents:
            await job.answers.store(caller, document)
        verdict.stored = True


def _planned(job: Job, verdict: Verdict, node: str) -> tuple[list[Follower], list[Document]]:
    """Return what follows a task, and what is told to whom."""
    try:
        followers = _followers(job, verdict, node)
        return followers, _documents(job, verdict, followers)
    except Exception as error:  # noqa: BLE001 - no nonsense in an option of a callback keeps the caller waiting
        log.warning("what follows a task makes no sense and is left out", task=job.caller.id, problem=describe(error))
        job.call = Call()
        return [], _documents(job, verdict, [])


def _followers(job: Job, verdict: Verdict, node: str) -> list[Follower]:
    if verdict.status == SUCCESS and (job.call.callbacks or job.call.chain):
        return after_success(job.caller, job.call, json.loads(verdict.result), node)
    return after_failure(job.caller, job.call, node) if verdict.status == FAILURE else []


def _documents(job: Job, verdict: Verdict, followers: Sequence[Follower]) -> list[Document]:
    """Return what is told to whom. When a chain breaks, that is also whoever waits for a later link."""
    children = [follower.id for follower in followers] if verdict.status == SUCCESS else []
    others = broken_links(job.caller, job.call) if verdict.status == FAILURE else []
    told = [(caller, verdict.told_to(caller)) for caller in others]
    return [*told, (job.caller, verdict.told_to(job.caller, children))]
