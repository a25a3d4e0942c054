"""How a task ended, as its callers are told: the final documents of the result backends. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from service.bridge.results import FAILURE, REVOKED, SUCCESS, describe, exception, meta_of
from service.bridge.task import Caller
from service.delivery.envelope import now

HEADER = "docgraph-celery-verdict"
"""Of a task that is through, and of which somebody could not be told yet."""

_SPLIT = re.compile(rb'"result": null')


@dataclass(slots=True)
class Verdict:
    """How a task ended, and who knows of it. It travels with the task until everybody does."""

    status: str
    result: str
    """What `AsyncResult.get` returns or raises, as JSON."""
    traceback: str | None = None
    since: str = field(default_factory=lambda: now().isoformat())
    """When it ended, in ISO 8601."""
    replied: bool = False
    stored: bool = False
    followed: list[str] = field(default_factory=list)
    """Ids of the callbacks, errbacks and links of a chain that are sent."""

    @classmethod
    def success(cls, completion: bytes) -> Self:
        """Return that a task is done; its result is the completion event."""
        return cls(SUCCESS, completion.decode())

    @classmethod
    def failure(cls, error: Exception) -> Self:
        """Return that a task was given up."""
        return cls(FAILURE, json.dumps(exception(error)), describe(error))

    @classmethod
    def revoked(cls, why: str) -> Self:
        """Return that a task was not done on purpose: `expired`, `revoked` or `terminated`."""
        result = {"exc_type": "TaskRevokedError", "exc_message": [why], "exc_module": "celery.exceptions"}
        return cls(REVOKED, json.dumps(result))

    @classmethod
    def read(cls, header: object) -> Self | None:
        """Return the verdict that a task brings along; None when it is still to be done."""
        if not isinstance(header, str):
            return None
        try:
            return cls(**json.loads(header))
        except (ValueError, TypeError):
            return None

    def write(self) -> str:
        """Return it as a header."""
        return json.dumps(asdict(self))

    def told_to(self, caller: Caller, children: Sequence[str] = ()) -> bytes:
        """Return the document for one caller. The result is JSON already and is not read again for it."""
        meta: dict[str, Any] = meta_of(caller, self.status, None, self.traceback, children=children)
        head, tail = _SPLIT.split(json.dumps(meta).encode(), 1)
        return head + b'"result": ' + self.result.encode() + tail
