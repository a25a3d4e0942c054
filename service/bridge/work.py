"""A task becomes an event."""

import time
from datetime import UTC, datetime

from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from schemas import DocumentDeleted, DocumentSubmitted
from service.bridge.mapping import Tasks
from service.bridge.refusals import TaskArgumentsError, UnknownTaskError
from service.bridge.task import OCCURRED_AT, Call, Caller
from service.handlers.pipeline import Input, problems_of

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
        msg = f"expected {caller.name}() to make a {mapping.event} event, got {problems_of(error, 'arguments')}"
        raise TaskArgumentsError(msg) from None


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
