"""Suspects: messages that have been delivered and not answered several times. One of them may be killing the process.

Handled all at once, the message that kills takes its neighbours down at each delivery, and all of them reach the
delivery limit together. So suspects are handled one at a time, in random order: with each life of the process about
half of the innocent ones get through before the killer's turn comes.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractIncomingMessage

SUSPECT_AFTER = 3
"""Deliveries without an answer. One or two happen at every rough restart."""


def is_suspect(message: AbstractIncomingMessage) -> bool:
    """Tell whether a message was delivered several times without an answer, by the quorum queue's own count."""
    count = message.headers.get("x-delivery-count")
    return isinstance(count, int) and count >= SUSPECT_AFTER


class Quarantine:
    """Lets one suspect through at a time, a random one of those that wait."""

    def __init__(self) -> None:
        self._occupied = False
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None, None]:
        """Wait for one's turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        # Not the first to come: the killer may be the head of the queue, in each life.
        asyncio.get_running_loop().call_soon(self._next)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave()
            raise
        try:
            yield
        finally:
            self._leave()

    def _next(self) -> None:
        # All tasks of a lost channel are cancelled together: some of those who wait have not heard of it yet.
        self._waiting = [turn for turn in self._waiting if not turn.done()]
        if not self._occupied and self._waiting:
            self._occupied = True
            self._waiting.pop(random.randrange(len(self._waiting))).set_result(None)  # noqa: S311 - no secret

    def _leave(self) -> None:
        self._occupied = False
        self._next()
