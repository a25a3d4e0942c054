"""What follows a task: callbacks, errbacks and the rest of a chain, as messages to send. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import aio_pika

from service.bridge.task import Call, Caller, Signature
from service.delivery.envelope import now


@dataclass(frozen=True, slots=True)
class Follower:
    """One task to send."""

    id: str
    queue: str | None
    """None: the default queue."""
    exchange: str | None
    routing_key: str | None
    message: aio_pika.Message


def after_success(caller: Caller, call: Call, result: Any, origin: str) -> list[Follower]:
    """Return the next link of the chain and the callbacks, each with the result as its first argument."""
    followers = [
        _follower(caller, signature, [result], f"link-{number}", origin=origin)
        for number, signature in enumerate(call.callbacks)
    ]
    if call.chain:
        *rest, signature = call.chain
        followers.append(_follower(caller, signature, [result], "chain", origin=origin, chain=rest))
    return followers


def after_failure(caller: Caller, call: Call, origin: str) -> list[Follower]:
    """Return the errbacks, each with the id of the failed task as its first argument, as a Celery worker sends them."""
    return [
        _follower(caller, signature, [caller.id], f"errback-{number}", origin=origin)
        for number, signature in enumerate(call.errbacks)
    ]


def broken_links(caller: Caller, call: Call) -> list[Caller]:
    """Return whom else a failure is told: whoever waits for a later link of the chain."""
    links = []
    for signature in call.chain:
        options = signature.get("options") or {}
        if id_ := options.get("task_id"):
            reply_to = options.get("reply_to") or caller.reply_to
            links.append(
                replace(caller, id=id_, correlation_id=id_, reply_to=reply_to, wants_result=True, parent_id=None)
            )
    return links


def _follower(
    caller: Caller, signature: Signature, first: list[Any], role: str, *, origin: str, chain: Sequence[Signature] = ()
) -> Follower:
    options = signature.get("options") or {}
    # Derived, so that a repeat after a crash is the same task for whoever cares.
    id_ = options.get("task_id") or str(uuid5(_namespace(caller.id), role))
    args = list(signature.get("args") or [])
    kwargs = dict(signature.get("kwargs") or {})
    if not signature.get("immutable"):
        args = first + args
    eta, expires = _moment(options, "countdown", "eta"), _moment(options, "expires", "expires")
    headers = {
        "lang": "py",
        "task": signature["task"],
        "id": id_,
        "shadow": options.get("shadow"),
        "eta": eta.isoformat() if eta else None,
        "expires": expires.isoformat() if expires else None,
        "group": options.get("group_id"),
        "group_index": options.get("group_index"),
        "retries": 0,
        "timelimit": [options.get("time_limit"), options.get("soft_time_limit")],
        "root_id": caller.root_id,
        "parent_id": caller.id,
        "argsrepr": repr(args)[:1024],
        "kwargsrepr": repr(kwargs)[:1024],
        "origin": origin,
        "ignore_result": bool(options.get("ignore_result")),
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
        **caller.stamps,
        **(options.get("headers") or {}),
    }
    links = {name: options.get(name) for name in ("link", "link_error")}
    embed = {
        "callbacks": _listed(links["link"]),
        "errbacks": _listed(links["link_error"]),
        "chain": list(chain) or None,
        "chord": None,
    }
    message = aio_pika.Message(
        json.dumps([args, kwargs, embed]).encode(),
        content_type="application/json",
        content_encoding="utf-8",
        correlation_id=id_,
        message_id=id_,
        reply_to=options.get("reply_to") or caller.reply_to or None,
        priority=int(options.get("priority") or 0),
        expiration=max((expires - now()).total_seconds(), 0) if expires else None,
        headers=headers,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    return Follower(id_, options.get("queue"), options.get("exchange"), options.get("routing_key"), message)


def _moment(options: Signature, seconds: str, moment: str) -> datetime | None:
    """Return a moment that is given in seconds from now, or as such."""
    if isinstance(value := options.get(seconds), int | float):
        return now() + timedelta(seconds=value)
    if isinstance(value := options.get(moment), str):
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            return None
    return None


def _listed(value: Any) -> list[Any] | None:
    if value is None:
        return None
    return list(value) if isinstance(value, list | tuple) else [value]


def _namespace(task_id: str) -> UUID:
    try:
        return UUID(task_id)
    except ValueError:
        return uuid5(NAMESPACE_OID, task_id)
