"""Publishes copies of events: paced, mandatory, confirmed, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import PublishError

from service.delivery.connection import exchange_exists

IN_FLIGHT = 16
"""Copies whose confirm is awaited at the same time."""
TIMEOUT = 30.0
"""Seconds to wait for one confirm."""

Settle = Callable[[str | None], Awaitable[None]]
"""Called once per copy: with None when it is confirmed, with the problem when no queue wants it."""


class Republisher:
    """Use it as an async context manager: leaving it waits for what is in flight, also after an error or Ctrl-C.

    A copy that is cut off in mid-air may have arrived, and its original would be replayed again.
    """

    def __init__(self, connection: AbstractConnection, *, rate: float | None = None) -> None:
        """Make a republisher.

        Args:
            connection: stays the caller's.
            rate: copies per second at most; None for as fast as they are confirmed.

        """
        self._connection = connection
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._error: BaseException | None = None
        self._exchanges: dict[str, AbstractExchange | None] = {}
        self._channel: AbstractChannel

    async def __aenter__(self) -> Self:
        self._channel = await self._connection.channel(on_return_raises=True)
        self._exchanges[""] = self._channel.default_exchange
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
        if not self._channel.is_closed:
            await self._channel.close()
        if error is None and self._error is not None:
            raise self._error

    async def send(self, copy: aio_pika.Message, exchange: str, routing_key: str, settle: Settle) -> None:
        """Publish when it is this copy's turn; return at once then. `settle` is called after the confirm.

        Raises:
            Exception: what an earlier copy or its `settle` ended with; nothing is published any more.

        """
        if exchange not in self._exchanges:
            there = await exchange_exists(self._connection, exchange)
            self._exchanges[exchange] = await self._channel.get_exchange(exchange, ensure=False) if there else None
        await self._turn()
        # aiormq finds a returned message by its message id: of two in flight it would take the other for confirmed.
        while copy.message_id in self._tasks.values():
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        await self._slots.acquire()
        if self._error is not None:
            self._slots.release()
            raise self._error
        task = asyncio.create_task(self._deliver(copy, self._exchanges[exchange], exchange, routing_key, settle))
        self._tasks[task] = copy.message_id or ""
        task.add_done_callback(self._done)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        wait, self._next = self._next - now, max(self._next, now) + self._interval
        if wait > 0:
            await asyncio.sleep(wait)

    async def _deliver(
        self, copy: aio_pika.Message, target: AbstractExchange | None, exchange: str, routing_key: str, settle: Settle
    ) -> None:
        problem = None
        if target is None:
            problem = f"expected exchange {exchange!r}, but there is none"
        else:
            try:
                await target.publish(copy, routing_key, mandatory=True, timeout=TIMEOUT)
            except PublishError:
                problem = f"expected a queue behind exchange {exchange!r} and key {routing_key!r}, but there is none"
        await settle(problem)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._slots.release()
        # aiormq cancels who waits for a confirm when the connection is lost.
        error = ConnectionResetError("the connection was lost") if task.cancelled() else task.exception()
        self._error = self._error or error
