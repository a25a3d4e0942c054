"""Revoked tasks, kept in RabbitMQ: a task may wait days for its ETA, and processes are replaced meanwhile.

Celery broadcasts a revocation to the processes that run. Each of them writes it into a stream, and a process reads the
stream before it takes a task: when it starts, and after it was cut off from the broadcasts.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection

from service.bridge.control import Revoked
from service.bridge.places import REVOKED
from service.delivery.envelope import describe
from service.delivery.stream import read_stream

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two attempts to write one down."""

Publish = Callable[[str, str, aio_pika.Message], Awaitable[None]]
"""Publishes to an exchange by a routing key, and returns when it is confirmed."""


class Revocations:
    """What one process knows of revoked tasks, and has others know."""

    def __init__(self, revoked: Revoked) -> None:
        self._revoked = revoked
        self._unwritten: deque[Sequence[str]] = deque()
        self._changed = asyncio.Event()

    def note(self, ids: Sequence[str]) -> None:
        """Remember tasks that a broadcast revokes, and have those that are new written down."""
        if new := [id_ for id_ in ids if id_ not in self._revoked]:
            self._revoked.add(new)
            self._unwritten.append(new)
            self._changed.set()

    async def recall(self, connection: AbstractConnection) -> None:
        """Learn what is written down.

        Raises:
            DocgraphError: the stream is not there, or does not go on.

        """
        async with aclosing(read_stream(connection, REVOKED)) as messages:
            async for message in messages:
                try:
                    self._revoked.add(id_ for id_ in json.loads(message.body) if isinstance(id_, str))
                except (ValueError, TypeError):
                    log.warning("a revocation cannot be read", task=message.message_id)

    async def write(self, publish: Publish) -> None:
        """Write down what is noted, for ever. What is not confirmed is written again, by the next connection too."""
        while True:
            while self._unwritten:
                message = aio_pika.Message(
                    json.dumps(self._unwritten[0]).encode(),
                    content_type="application/json",
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                )
                try:
                    await publish("", REVOKED, message)
                except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may go well
                    log.warning("a revocation is not written down yet", problem=describe(error))
                    await asyncio.sleep(PAUSE)
                else:
                    self._unwritten.popleft()
            self._changed.clear()
            await self._changed.wait()
