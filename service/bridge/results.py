"""What a Celery caller is told about its task: the documents of the result backends. Pure."""

import os
from collections.abc import Sequence
from typing import Any

from service.bridge.task import Caller
from service.delivery.envelope import now
from service.errors import DocgraphError

STARTED, RETRY, SUCCESS, FAILURE, REVOKED = "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"
LONGEST = 5000
"""Characters of an error's text that a caller is told: a verdict must fit into one AMQP frame."""

Meta = dict[str, Any]


def started(caller: Caller, node: str) -> Meta:
    """Return that a task has begun."""
    return meta_of(caller, STARTED, {"pid": os.getpid(), "hostname": node}, final=False)


def retry(caller: Caller, error: Exception) -> Meta:
    """Return that a task will be tried again."""
    return meta_of(caller, RETRY, exception(error), describe(error), final=False)


def exception(error: Exception) -> dict[str, Any]:
    """Return an exception as Celery writes it: a caller that has imported the module raises the very class."""
    module, name = getattr(error, "celery", (type(error).__module__, type(error).__name__))
    if not isinstance(error, DocgraphError) and module != "builtins":
        module, name = "builtins", "RuntimeError"
    return {"exc_type": name, "exc_message": list(_texts(error)), "exc_module": module}


def describe(error: Exception) -> str:
    """Return the text for `AsyncResult.traceback`; ours says no more to a caller than the error does."""
    reason = f" (reason: {error.reason})" if isinstance(error, DocgraphError) else ""
    return f"{type(error).__name__}: {str(error)[:LONGEST]}{reason}"


def meta_of(
    caller: Caller,
    status: str,
    result: Any,
    traceback: str | None = None,
    *,
    children: Sequence[str] = (),
    final: bool = True,
) -> Meta:
    """Return the document of one state for one caller."""
    meta = {
        "status": status,
        "result": result,
        "traceback": traceback,
        "children": [[[child, None], None] for child in children],
        "date_done": now().isoformat() if final else None,
        "task_id": caller.id,
    }
    if caller.parent_id:
        meta["parent_id"] = caller.parent_id
    if caller.group:
        meta["group_id"] = caller.group
    return meta


def _texts(error: Exception) -> Sequence[Any]:
    arguments = getattr(error, "celery_arguments", error.args)
    texts = [argument[:LONGEST] if isinstance(argument, str) else argument for argument in arguments]
    plain = [text for text in texts if isinstance(text, str | int | float)]
    return plain or ([str(error)[:LONGEST]] if str(error) else [])
