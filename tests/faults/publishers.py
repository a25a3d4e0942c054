"""Publishers with confirms, sixteen if not told otherwise. What is not confirmed is published again until it is."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractExchange

from tests.faults.connections import ANSWERS_WITHIN, LOST, PAUSE, a_channel
from tests.faults.workload import Message

PUBLISHERS = 16


class Publishers:
    """Publishes a plan's publications in their order, as far and as fast as allowed, and keeps count."""

    def __init__(self, url: str, publications: Iterable[Message], *, count: int = PUBLISHERS) -> None:
        self._url = url
        self._count = count
        self._publications = publications
        self._interval = 0.0
        self._next = 0.0
        self._begun = 0
        self._allowed = 0
        self._room = asyncio.Event()
        self.attempted = 0
        self.confirmed: Counter[str] = Counter()
        """Confirmed publications, by message id."""

    async def run(self) -> None:
        """Publish everything; returns when the last publication is confirmed."""
        waiting = iter(self._publications)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._count):
                group.create_task(self._publish_all(waiting))

    def allow(self, count: int, per_second: float) -> None:
        """Set how many publications may have begun, and the pace."""
        self._allowed = count
        self._interval = 1 / per_second
        self._room.set()

    async def _publish_all(self, waiting: Iterator[Message]) -> None:
        unconfirmed: list[Message] = []
        while True:
            with suppress(*LOST):
                async with a_channel(self._url) as channel:
                    documents = await channel.get_exchange("documents", ensure=False)
                    await self._publish(documents, unconfirmed, waiting)
                    return
            await asyncio.sleep(PAUSE)

    async def _publish(
        self, documents: AbstractExchange, unconfirmed: list[Message], waiting: Iterable[Message]
    ) -> None:
        for message in unconfirmed[:]:
            await self._attempt(documents, message)
            unconfirmed.remove(message)
        for message in waiting:
            unconfirmed.append(message)
            await self._turn()
            await self._attempt(documents, message)
            unconfirmed.remove(message)

    async def _turn(self) -> None:
        while self._begun >= self._allowed:
            self._room.clear()
            await self._room.wait()
        self._begun += 1
        now = asyncio.get_running_loop().time()
        wait, self._next = self._next - now, max(self._next, now) + self._interval
        if wait > 0:
            await asyncio.sleep(wait)

    async def _attempt(self, documents: AbstractExchange, message: Message) -> None:
        self.attempted += 1
        await documents.publish(envelope(message), message.routing_key, timeout=ANSWERS_WITHIN)
        self.confirmed[message.id] += 1


def envelope(message: Message) -> aio_pika.Message:
    """Return an event as it goes over the wire."""
    return aio_pika.Message(
        message.body,
        message_id=message.id,
        type=message.routing_key,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
