"""Reads a queue or a stream to its end and beyond. A lost connection costs nothing, and nothing is read twice.

Completions are read from a quorum queue of the harness's own. Not from their journal: for up to half a second after a
restart RabbitMQ 3.10 confirms publishes that never arrive in a stream.
"""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress

from aio_pika.abc import AbstractIncomingMessage

from tests.faults.connections import LOST, PAUSE, a_channel

PREFETCH = 500
COMPLETIONS = "harness.completions"
ALIVE = 0.5
"""Seconds between two looks whether the connection still stands."""


async def keep_completions(url: str) -> None:
    """Declare the queue that keeps every completion from now on."""
    async with a_channel(url) as channel:
        queue = await channel.declare_queue(COMPLETIONS, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind("documents.completions", "#")


class Collector:
    """Hands each message to `take`, once and in order."""

    def __init__(
        self, url: str, queue: str, take: Callable[[AbstractIncomingMessage], None], *, stream: bool = False
    ) -> None:
        self._url = url
        self._queue = queue
        self._take = take
        self._stream = stream
        self._next = 0
        self._read: set[int] = set()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def following(self):
        """Follow the stream while the block runs."""
        task = asyncio.create_task(self._follow())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a message makes the condition true."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _follow(self) -> None:
        while True:
            with suppress(*LOST):
                async with a_channel(self._url) as channel:
                    await channel.set_qos(prefetch_count=PREFETCH)
                    queue = await channel.get_queue(self._queue, ensure=False)
                    arguments = {"x-stream-offset": self._next} if self._stream else None
                    await queue.consume(self._collect, arguments=arguments)
                    while not channel.is_closed:
                        await asyncio.sleep(ALIVE)
            await asyncio.sleep(PAUSE)

    async def _collect(self, message: AbstractIncomingMessage) -> None:
        if self._is_new(message):
            async with self._changed:
                self._take(message)
                self._changed.notify_all()
        with suppress(*LOST):
            await message.ack()

    def _is_new(self, message: AbstractIncomingMessage) -> bool:
        if self._stream:
            # The broker starts at the chunk that holds the offset, and two consumers may overlap while one dies.
            offset = message.headers["x-stream-offset"]
            assert isinstance(offset, int)
            new, self._next = offset >= self._next, max(self._next, offset + 1)
            return new
        # An acknowledgement may be lost with its connection. A repeat by the service tells another time in its body.
        key = hash((message.message_id, message.body))
        new = not (message.redelivered and key in self._read)
        self._read.add(key)
        return new
