"""Celery's worker and task events: what Flower and `celery events` show. Sent in batches, lost without regret."""

import asyncio
import json
import os
import platform
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika

from service import __version__
from service.bridge.task import Caller

EXCHANGE = "celeryev"
HEARTBEAT = 2.0
"""Seconds between two heartbeats, as a Celery worker's."""
FLUSH = 0.5
"""Seconds that task events wait for company."""
AT_MOST = 10_000
"""Task events that wait; older ones are dropped."""

Send = Callable[[aio_pika.Message, str], Awaitable[None]]

SOFTWARE = {"sw_ident": "docgraph", "sw_ver": __version__, "sw_sys": platform.system()}


class WorkerEvents:
    """The events of one process. Task events are kept only while somebody has asked for them."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.enabled = False
        self.processed = 0
        self.active: Callable[[], int] = lambda: 0
        self.clock = 0
        self._waiting: deque[dict[str, Any]] = deque(maxlen=AT_MOST)

    def task(self, kind: str, caller: Caller, **facts: Any) -> None:
        """Note what happened to a task: `received`, `started`, `succeeded`, `failed`, `retried`, `revoked`."""
        if self.enabled:
            self._waiting.append(self._event(f"task-{kind}", uuid=caller.id, **facts))

    def received(self, caller: Caller) -> None:
        """Note that a task was taken."""
        self.task(
            "received",
            caller,
            name=caller.name,
            args=caller.argsrepr,
            kwargs=caller.kwargsrepr,
            root_id=caller.root_id,
            parent_id=caller.parent_id,
            retries=caller.retries,
            eta=caller.eta.isoformat() if caller.eta else None,
            expires=caller.expires.isoformat() if caller.expires else None,
        )

    async def run(self, send: Send) -> None:
        """Send heartbeats and what has gathered, for ever; say at the beginning that a worker is there."""
        await self._worker(send, "online")
        beats = round(HEARTBEAT / FLUSH)
        while True:
            for _ in range(beats):
                await asyncio.sleep(FLUSH)
                await self._flush(send)
            await self._worker(send, "heartbeat")

    async def leave(self, send: Send) -> None:
        """Say that the worker ends."""
        await self._flush(send)
        await self._worker(send, "offline")

    async def _worker(self, send: Send, kind: str) -> None:
        load = [round(value, 2) for value in os.getloadavg()]
        facts = {"freq": HEARTBEAT, "active": self.active(), "processed": self.processed, "loadavg": load}
        await send(_message(self.node, self._event(f"worker-{kind}", **facts, **SOFTWARE)), f"worker.{kind}")

    async def _flush(self, send: Send) -> None:
        if self._waiting:
            events = list(self._waiting)
            self._waiting.clear()
            await send(_message(self.node, events), "task.multi")

    def _event(self, kind: str, **facts: Any) -> dict[str, Any]:
        self.clock += 1
        return {
            "type": kind,
            "hostname": self.node,
            "utcoffset": (time.altzone if time.localtime().tm_isdst else time.timezone) // 3600,
            "pid": os.getpid(),
            "clock": self.clock,
            "timestamp": time.time(),
            **facts,
        }


def _message(node: str, content: Any) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(content).encode(),
        content_type="application/json",
        content_encoding="utf-8",
        headers={"hostname": node},
        delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,
    )
