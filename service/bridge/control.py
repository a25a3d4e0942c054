"""Celery's remote control: `celery inspect …`, `revoke`, and the switch for task events. Pure."""

import fnmatch
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from service.bridge.task import Caller
from service.bridge.worker_events import SOFTWARE, WorkerEvents

REVOKED_AT_MOST = 50_000
"""Revoked tasks that a process remembers."""


class Revoked:
    """Ids of tasks that are not to be done."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, ids: Iterable[str]) -> None:
        """Remember some; the oldest are forgotten."""
        for id_ in ids:
            self._ids[id_] = None
            self._ids.move_to_end(id_)
        while len(self._ids) > REVOKED_AT_MOST:
            self._ids.popitem(last=False)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids

    def __iter__(self) -> Any:
        return iter(self._ids)


class Control:
    """Answers the commands that make sense for a worker without a pool; says so of the others."""

    def __init__(
        self,
        events: WorkerEvents,
        revoked: Revoked,
        *,
        tasks: Sequence[str],
        queues: Sequence[str],
        prefetch: int,
        active: Callable[[], Mapping[str, tuple[Caller, float]]],
        revoke: Callable[[Sequence[str]], None],
        terminate: Callable[[str], None],
    ) -> None:
        """Make the control of one process.

        Args:
            events: switched on and off here.
            revoked: tasks that are not to be done.
            tasks: names of the tasks that are done.
            queues: where they come from.
            prefetch: tasks that are held at once, for each queue.
            active: tasks at hand by id, with the time they began.
            revoke: adds to the revoked tasks, for other processes as well.
            terminate: ends the task of an id.

        """
        self._events = events
        self._revoked = revoked
        self._tasks = tasks
        self._queues = queues
        self._prefetch = prefetch
        self._active = active
        self._revoke = revoke
        self._terminate = terminate
        self._began = time.monotonic()

    def answer(self, request: Mapping[str, Any]) -> Any:
        """Do what a broadcast asks; return this node's reply, None when it is not meant."""
        if not self._is_meant(request):
            return None
        method = str(request.get("method"))
        arguments = request.get("arguments")
        handler: Callable[..., Any] | None = getattr(self, f"_do_{method}", None)
        if handler is None:
            return {"error": f"docgraph does not know the command {method!r}: it has no pool and no rate limits"}
        return handler(arguments if isinstance(arguments, Mapping) else {})

    def _is_meant(self, request: Mapping[str, Any]) -> bool:
        node = self._events.node
        if destination := request.get("destination"):
            return node in destination
        if (pattern := request.get("pattern")) and (matcher := request.get("matcher")):
            if matcher == "pcre":
                try:
                    return re.match(str(pattern), node) is not None
                except re.error:
                    return False
            return fnmatch.fnmatch(node, str(pattern))
        return True

    def _do_ping(self, _: Mapping[str, Any]) -> dict[str, str]:
        return {"ok": "pong"}

    def _do_revoke(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        given = arguments.get("task_id")
        ids = [id_ for id_ in (given if isinstance(given, list) else [given]) if isinstance(id_, str)]
        self._revoke(ids)
        if arguments.get("terminate"):
            for id_ in ids:
                self._terminate(id_)
        return {"ok": f"tasks {', '.join(ids)} flagged as revoked"}

    def _do_enable_events(self, _: Mapping[str, Any]) -> dict[str, str]:
        self._events.enabled = True
        return {"ok": "task events enabled"}

    def _do_disable_events(self, _: Mapping[str, Any]) -> dict[str, str]:
        self._events.enabled = False
        return {"ok": "task events disabled"}

    def _do_hello(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Exchange revoked tasks with a Celery worker that starts beside us."""
        theirs = arguments.get("revoked")  # a list of ids; of older Celery a mapping by id
        self._revoke([id_ for id_ in theirs if isinstance(id_, str)] if isinstance(theirs, list | dict) else [])
        return {"revoked": list(self._revoked), "clock": self._events.clock}

    def _do_heartbeat(self, _: Mapping[str, Any]) -> None:
        return None

    def _do_registered(self, _: Mapping[str, Any]) -> list[str]:
        return sorted(self._tasks)

    def _do_active(self, _: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [self._request(caller, began) for caller, began in self._active().values()]

    def _do_reserved(self, _: Mapping[str, Any]) -> list[Any]:
        return []

    def _do_scheduled(self, _: Mapping[str, Any]) -> list[Any]:
        return []  # they wait in RabbitMQ, not here

    def _do_revoked(self, _: Mapping[str, Any]) -> list[str]:
        return list(self._revoked)

    def _do_query_task(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        ids = arguments.get("ids")
        active = self._active()
        return {id_: ["active", self._request(*active[id_])] for id_ in _listed(ids) if id_ in active}

    def _do_active_queues(self, _: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"name": queue, "exchange": {"name": queue}, "routing_key": queue} for queue in self._queues]

    def _do_stats(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "uptime": round(time.monotonic() - self._began),
            "clock": str(self._events.clock),
            "total": {"documents": self._events.processed},
            "prefetch_count": self._prefetch,
            "pool": {"implementation": "asyncio", "max-concurrency": self._prefetch, "processes": [os.getpid()]},
            "broker": {"transport": "amqp"},
            **SOFTWARE,
        }

    def _do_conf(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"task_serializer": "json", "result_serializer": "json", "accept_content": ["json"]}

    def _do_report(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"ok": f"docgraph {SOFTWARE['sw_ver']} on {SOFTWARE['sw_sys']}, bridging {', '.join(self._queues)}"}

    def _request(self, caller: Caller, began: float) -> dict[str, Any]:
        return {
            "id": caller.id,
            "name": caller.name,
            "args": caller.argsrepr,
            "kwargs": caller.kwargsrepr,
            "type": caller.name,
            "hostname": self._events.node,
            "time_start": began,
            "acknowledged": False,
            "delivery_info": {},
            "worker_pid": os.getpid(),
        }


def _listed(value: object) -> list[str]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
