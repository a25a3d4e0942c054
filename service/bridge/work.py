"""A task becomes an event, the event a change of the graph, the change a completion: the pipeline's own way."""

import time
from datetime import UTC, datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from schemas import DocumentDeleted, DocumentProcessed, DocumentRemoved, DocumentSubmitted
from service.bridge.mapping import Tasks
from service.bridge.refusals import TaskArgumentsError, UnknownTaskError
from service.bridge.task import OCCURRED_AT, Call, Caller
from service.delivery.envelope import now
from service.graph.changes import Answer, Deletion
from service.graph.committer import Committer
from service.graph.registers import Registers
from service.handlers.submissions import submit
from service.ingest.ingestor import Ingestor
from service.telemetry import Metrics

Input = DocumentSubmitted | DocumentDeleted
Completion = DocumentProcessed | DocumentRemoved

_KINDS: dict[str, type[Input]] = {kind.kind: kind for kind in (DocumentSubmitted, DocumentDeleted)}


def event_of(caller: Caller, call: Call, occurred_at: str, tasks: Tasks) -> Input:
    """Return the event of a call.

    Args:
        caller: names the task.
        call: its arguments.
        occurred_at: when it came; the version of a task that gives none.
        tasks: of the settings.

    Raises:
        UnknownTaskError: no task of the settings.
        TaskArgumentsError: the arguments do not make an event.

    """
    if (mapping := tasks.get(caller.name)) is None:
        msg = f"expected one of the tasks {', '.join(sorted(tasks))}, got {caller.name!r}; see DOCGRAPH_CELERY_TASKS"
        raise UnknownTaskError(msg, caller.name)
    try:
        fields = mapping.fields_of(caller.name, call.args, call.kwargs)
    except TypeError as error:
        raise TaskArgumentsError(str(error)) from None
    if "version" not in fields and "occurred_at" not in fields:
        fields["occurred_at"] = occurred_at
    try:
        return _KINDS[mapping.event].model_validate(fields)
    except ValidationError as error:
        raise TaskArgumentsError(_explain(caller.name, mapping.event, error)) from None


class Arrivals:
    """When tasks without a version first came: their version, which a redelivery must not change."""

    def __init__(self, at_most: int = 50_000) -> None:
        self._known: dict[str, str] = {}
        self._at_most = at_most
        self._last = 0

    def note(self, message: AbstractIncomingMessage, task_id: str) -> str:
        """Return when a task came, in ISO 8601; also as a header of the message, which its copies keep.

        Taken in this order: what an earlier process of ours noted, RabbitMQ's own timestamp if it is set up to give
        one, the first time that this process saw the task. Never the same for two tasks of one process.
        """
        headers = message.headers
        if isinstance(noted := headers.get(OCCURRED_AT), str):
            return noted
        stamp = headers.get("timestamp_in_ms")
        if isinstance(stamp, int):
            came = datetime.fromtimestamp(stamp / 1000, UTC).isoformat()
        else:
            came = self._known.get(task_id) or self._next()
        self._known[task_id] = headers[OCCURRED_AT] = came
        if len(self._known) > self._at_most:
            del self._known[next(iter(self._known))]
        return came

    def _next(self) -> str:
        self._last = max(time.time_ns() // 1000, self._last + 1)
        seconds, rest = divmod(self._last, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).isoformat()


class Pipeline:
    """What a service does with an event, between its message and its completion."""

    def __init__(self, ingestor: Ingestor, committer: Committer, registers: Registers, metrics: Metrics) -> None:
        self._registers = registers
        self._ingestor = ingestor
        self._committer = committer
        self._metrics = metrics

    async def handle(self, event: Input, event_id: str, attempt: int) -> Completion:
        """Bring the graph up to an event.

        Raises:
            DocgraphError: as the pipeline's parts say.

        """
        started = time.perf_counter()
        if isinstance(event, DocumentSubmitted):
            answer, content_hash = await submit(event_id, event, self._ingestor, self._committer, self._registers)
            head = self._head(event, event_id, attempt, answer, started)
            return DocumentProcessed(**head, chunks=answer.chunks, keywords=answer.keywords, content_hash=content_hash)
        answer = await self._committer.commit(Deletion(event_id, event.order, event.document_id))
        return DocumentRemoved(**self._head(event, event_id, attempt, answer, started))

    def _head(self, event: Input, event_id: str, attempt: int, answer: Answer, started: float) -> dict[str, Any]:
        seconds = time.perf_counter() - started
        self._metrics.completed(event.kind, answer.outcome, seconds)
        return {
            "document_id": event.document_id,
            "version": event.order,
            "causation_id": event_id,
            "occurred_at": now(),
            "outcome": answer.outcome,
            "duration_ms": round(seconds * 1000, 3),
            "attempt": attempt,
        }


def _explain(task: str, kind: str, error: ValidationError) -> str:
    # Without the values: one may be megabytes long or confidential.
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return f"expected {task}() to make a {kind} event, got {len(problems)} problem(s): {'; '.join(problems[:10])}"
