"""A Celery task message (protocol 2), read without Celery: whom to answer, and what is asked. Pure."""

import bz2
import json
import lzma
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from service.bridge.refusals import RefusedContentError, UnsupportedTaskError

OCCURRED_AT = "celery-occurred-at"
"""Header that keeps when a task without a version first came: it stays the same through retries."""

Signature = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """What headers and properties say: enough to answer, even when the body cannot be read."""

    id: str
    """Task id, and the event id of what comes of it; empty when the message has none."""
    name: str
    reply_to: str
    correlation_id: str
    wants_result: bool
    root_id: str
    parent_id: str | None
    group: str | None
    retries: int
    eta: datetime | None
    expires: datetime | None
    hard_limit: float | None
    soft_limit: float | None
    """Seconds."""
    argsrepr: str
    kwargsrepr: str
    stamps: Mapping[str, Any]
    """`stamped_headers` and `stamps`, as they came; handed on to callbacks."""

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> "Caller":
        """Read what there is; never fails."""
        headers = message.headers
        id_ = _text(headers.get("id")) or _text(message.correlation_id)
        hard, soft = _limits(headers.get("timelimit"))
        return cls(
            id=id_,
            name=_text(headers.get("task")),
            reply_to=_text(message.reply_to),
            correlation_id=_text(message.correlation_id) or id_,
            wants_result=not headers.get("ignore_result"),
            root_id=_text(headers.get("root_id")) or id_,
            parent_id=_text(headers.get("parent_id")) or None,
            group=_text(headers.get("group")) or None,
            retries=_count(headers.get("retries")),
            eta=_moment(headers.get("eta")),
            expires=_moment(headers.get("expires")),
            hard_limit=hard,
            soft_limit=soft,
            argsrepr=_text(headers.get("argsrepr")),
            kwargsrepr=_text(headers.get("kwargsrepr")),
            stamps={key: headers[key] for key in ("stamped_headers", "stamps") if headers.get(key)},
        )


@dataclass(frozen=True, slots=True)
class Call:
    """What the body says."""

    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    callbacks: list[Signature] = field(default_factory=list)
    errbacks: list[Signature] = field(default_factory=list)
    chain: list[Signature] = field(default_factory=list)
    """The next task is the last."""

    @classmethod
    def read(cls, message: AbstractIncomingMessage, largest: int) -> "Call":
        """Read a body.

        Args:
            message: of protocol 2.
            largest: bytes of a body that was compressed, at most.

        Raises:
            RefusedContentError: it is pickled, or no JSON.
            UnsupportedTaskError: it asks for something the bridge does not do.

        """
        if message.content_type not in (None, "", "application/json"):
            msg = (
                f"expected a task serialized as application/json, got {message.content_type!r}, which is never "
                "unserialized here; send it with serializer='json'"
            )
            raise RefusedContentError(msg)
        content = _json(_decompressed(message, largest))
        if isinstance(content, dict) and "task" in content:
            msg = "expected a task of Celery's message protocol 2, got protocol 1; set task_protocol=2"
            raise UnsupportedTaskError(msg)
        if not _is_call(content):
            msg = "expected the body [args, kwargs, embed] of Celery's message protocol 2, got something else"
            raise RefusedContentError(msg)
        args, kwargs, embed = content
        call = cls(args, kwargs, *(list(embed.get(name) or []) for name in ("callbacks", "errbacks", "chain")))
        call.check(embed.get("chord"))
        return call

    def check(self, chord: object) -> None:
        """Refuse what would be silently left out otherwise."""
        if chord:
            msg = (
                "expected a task that is not part of a chord, got one: the bridge does not count a chord's parts; "
                "collect the group's results in the caller, or read the completion events"
            )
            raise UnsupportedTaskError(msg)
        for signature in (*self.callbacks, *self.errbacks, *self.chain):
            if not isinstance(signature, Mapping) or not isinstance(signature.get("task"), str):
                msg = "expected every callback, errback and link of a chain to name its task, got one without"
                raise UnsupportedTaskError(msg)
            if kind := signature.get("subtask_type"):
                msg = (
                    f"expected callbacks, errbacks and links of a chain to be tasks, got a {kind} "
                    f"({signature['task']}): the bridge sends single tasks only; link a task of your own that starts it"
                )
                raise UnsupportedTaskError(msg)


def _is_call(content: object) -> bool:
    kinds = (list, dict, dict)
    return (
        isinstance(content, list)
        and len(content) == len(kinds)
        and all(isinstance(part, kind) for part, kind in zip(content, kinds, strict=True))
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = f"expected a task's body to be JSON in UTF-8, got something else: {error}"
        raise RefusedContentError(msg) from None


def _decompressed(message: AbstractIncomingMessage, largest: int) -> bytes:
    compression = _text(message.headers.get("compression"))
    if not compression:
        return message.body
    if compression not in _DECOMPRESSORS:
        msg = f"expected compression by gzip, bzip2 or lzma, got {compression!r}"
        raise RefusedContentError(msg)
    try:
        # kombu calls it gzip, and sends a zlib stream.
        body: bytes = _DECOMPRESSORS[compression]().decompress(message.body, largest + 1)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        msg = f"expected a body compressed as {compression}, got something else: {error}"
        raise RefusedContentError(msg) from None
    if len(body) > largest:
        msg = f"expected a body of at most {largest} bytes, got a compressed one that is larger"
        raise RefusedContentError(msg)
    return body


_DECOMPRESSORS: Mapping[str, Callable[[], Any]] = {
    "application/x-gzip": zlib.decompressobj,
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
    "application/x-xz": lzma.LZMADecompressor,
}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(_text(value))
        except ValueError:
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _limits(value: object) -> tuple[float | None, float | None]:
    """Return the hard and the soft limit of `[hard, soft]`."""
    limits = [limit if isinstance(limit, int | float) and limit > 0 else None for limit in _list(value)]
    hard, soft = (*limits, None, None)[:2]
    return hard, soft


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
