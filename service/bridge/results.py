"""What a Celery caller is told about its task: the documents of the result backends. Pure."""

import json
import os
import re
from collections.abc import Sequence
from typing import Any

from service.bridge.task import Caller
from service.delivery.envelope import now
from service.errors import DocgraphError

STARTED, RETRY, SUCCESS, FAILURE, REVOKED = "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"

Meta = dict[str, Any]

_SPLIT = re.compile(rb'"result": null')


def success(caller: Caller, result: bytes, children: Sequence[str] = ()) -> bytes:
    """Return what `AsyncResult.get` returns, written: the completion event's fields, which are JSON already."""
    head, tail = _SPLIT.split(json.dumps(_meta(caller, SUCCESS, None, children=children)).encode(), 1)
    return head + b'"result": ' + result + tail


def started(caller: Caller, node: str) -> Meta:
    """Return that a task has begun."""
    return _meta(caller, STARTED, {"pid": os.getpid(), "hostname": node}, final=False)


def retry(caller: Caller, error: Exception) -> Meta:
    """Return that a task will be tried again."""
    return _meta(caller, RETRY, exception(error), describe(error), final=False)


def failure(caller: Caller, error: Exception) -> Meta:
    """Return what `AsyncResult.get` raises."""
    return _meta(caller, FAILURE, exception(error), describe(error))


def revoked(caller: Caller, why: str) -> Meta:
    """Return that a task was not done on purpose: `expired`, `revoked` or `terminated`."""
    result = {"exc_type": "TaskRevokedError", "exc_message": [why], "exc_module": "celery.exceptions"}
    return _meta(caller, REVOKED, result)


def exception(error: Exception) -> dict[str, Any]:
    """Return an exception as Celery writes it: a caller that has imported the module raises the very class."""
    module, name = getattr(error, "celery", (type(error).__module__, type(error).__name__))
    if not isinstance(error, DocgraphError) and module != "builtins":
        module, name = "builtins", "RuntimeError"
    return {"exc_type": name, "exc_message": list(_texts(error)), "exc_module": module}


def describe(error: Exception) -> str:
    """Return the text for `AsyncResult.traceback`; ours says no more to a caller than the error does."""
    reason = f" (reason: {error.reason})" if isinstance(error, DocgraphError) else ""
    return f"{type(error).__name__}: {error}{reason}"


def _texts(error: Exception) -> Sequence[Any]:
    arguments = getattr(error, "celery_arguments", error.args)
    plain = [argument for argument in arguments if isinstance(argument, str | int | float)]
    return plain or ([str(error)] if str(error) else [])


def _meta(
    caller: Caller,
    status: str,
    result: Any,
    traceback: str | None = None,
    *,
    children: Sequence[str] = (),
    final: bool = True,
) -> Meta:
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
