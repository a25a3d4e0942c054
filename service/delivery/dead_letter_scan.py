"""Looks through the dead letters while others do the same, and leaves what is not wanted where it was.

A queue cannot be read without taking its messages. So each is held unacknowledged, by its delivery tag only, and what
was not wanted is returned at the end, in order. A message that one scan holds is not seen by another.

The scan ends where the queue ended when it began: by count; and beyond the count, which another scan disturbs when it
returns messages in front of us, at the first letter that died after the start. So a letter that is replayed and dies
again at once is not met twice, and no letter of before is missed that nobody else holds.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from types import TracebackType
from typing import Self

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from service.delivery.connection import existing_queue
from service.delivery.dead_letters import DeadLetter
from service.delivery.envelope import Envelope, now
from service.delivery.topology import DEAD

WINDOW = 32
"""Messages sent ahead. No more: RabbitMQ keeps the order of up to 32 messages that one consumer returns at once."""
GROUP = WINDOW // 2
IDLE = 0.05
"""Seconds without a message until the queue is asked whether it is empty."""
PATIENCE = 25
"""Questions to the queue until a group counts as returned."""
STRAGGLE = 0.1
"""Seconds to wait for messages on their way when it says so: in a cluster another node may send them than answers."""


class DeadLetterScan:
    """Use it as an async context manager and iterate once. Each message is then left, or taken and settled."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._held: list[int] = []
        self._taken: set[str] = set()
        self._consumers = 0
        self._full_at = 0
        self._tag: str | None = None
        self._at_end = False
        self._started = now()
        self._channel: AbstractChannel
        self._queue: AbstractQueue
        self.ready = 0
        """Messages at the start that nobody held."""
        self.others = 0
        """Consumers at the start: what they hold is not seen."""

    async def __aenter__(self) -> Self:
        self._channel = await self._connection.channel()
        self._queue = await existing_queue(self._channel, DEAD)
        self.ready = self._queue.declaration_result.message_count or 0
        self.others = self._queue.declaration_result.consumer_count or 0
        # Quorum queues have no bound per channel, so it is one per consumer.
        await self._channel.set_qos(prefetch_count=WINDOW)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel.is_closed:
            return
        if kind is None:
            await self._hold_returned()
        await self._stop_consuming()
        await self._return()
        await self._channel.close()

    def leave(self, message: AbstractIncomingMessage) -> None:
        """Return a message at the end of the scan."""
        assert message.delivery_tag is not None
        self._held.append(message.delivery_tag)

    def take(self, message: AbstractIncomingMessage) -> None:
        """Note that a message will be settled by the caller."""
        self._taken.add(Envelope.of(message).event_id)

    async def messages(self) -> AsyncGenerator[AbstractIncomingMessage, None]:
        """Yield the messages in order."""
        looked = 0
        while (message := await self._next()) is not None:
            if looked >= self.ready and self._died_later(message):
                self.leave(message)
                return
            looked += 1
            yield message
        self._at_end = True

    def _died_later(self, message: AbstractIncomingMessage) -> bool:
        letter = DeadLetter.of(message)
        died = letter.last_failed_at
        return died is None or died >= self._started or letter.event_id in self._taken

    async def _hold_returned(self) -> None:
        """After an early end: hold the letters that somebody has returned before.

        RabbitMQ puts what is returned behind what was returned earlier, but in front of what was never delivered.
        Without this, a list of the first ten would show others each time.
        """
        while not self._at_end and (message := await self._next()) is not None:
            self.leave(message)
            if not message.redelivered:
                return

    async def _next(self) -> AbstractIncomingMessage | None:
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        if self._tag is None or len(self._held) >= self._full_at:
            # Held messages use the consumer up; a fresh one gets the next.
            await _uncut(self._consume_afresh())
        if (message := await self._received(IDLE)) is not None:
            return message
        await _uncut(self._fetch())
        return await self._received(STRAGGLE)

    async def _fetch(self) -> None:
        if (message := await self._queue.get(fail=False)) is not None:
            await self._inbox.put(message)

    async def _received(self, within: float) -> AbstractIncomingMessage | None:
        try:
            async with asyncio.timeout(within):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _consume_afresh(self) -> None:
        await self._stop_consuming()
        self._consumers += 1
        self._full_at = len(self._held) + GROUP
        # RabbitMQ returns messages of several consumers in the order of their tags.
        tag = f"docgraph-{self._consumers:09}"
        self._tag = await self._queue.consume(self._inbox.put, consumer_tag=tag)

    async def _stop_consuming(self) -> None:
        if self._tag is not None:
            tag, self._tag = self._tag, None
            await self._queue.cancel(tag)

    async def _return(self) -> None:
        while not self._inbox.empty():
            self.leave(self._inbox.get_nowait())
        tags = sorted(self._held)
        channel = await self._channel.get_underlay_channel()
        ready = await self._count()
        for start in range(0, len(tags), GROUP):
            group = tags[start : start + GROUP]
            await channel.basic_nack(group[-1], multiple=True, requeue=True)
            ready = await self._settled(ready + len(group))

    async def _settled(self, expected: int) -> int:
        """Wait until the queue has taken a group back; in vain when others take messages meanwhile.

        Returns that pile up on their way lose their order.
        """
        for _ in range(PATIENCE):
            if (ready := await self._count()) >= expected:
                break
        return ready

    async def _count(self) -> int:
        queue = await self._channel.declare_queue(DEAD, passive=True)
        return queue.declaration_result.message_count or 0


async def _uncut(call: Coroutine[object, object, None]) -> None:
    """Let a call to the broker end before a cancellation goes on: aiormq closes the channel of one that is cut off."""
    task = asyncio.ensure_future(call)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
