"""Many events at a time: bounded in flight, their receipts in order, their errors told apart."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from service.client.errors import PartlySubmittedError
from service.client.receipts import Receipt

Sending = Callable[[], Awaitable[Receipt]]


class Tally:
    """What became of each event, by its place in the input."""

    def __init__(self, progress: Callable[[int], object] | None) -> None:
        self._progress = progress
        self._receipts: dict[int, Receipt] = {}
        self.failures: dict[int, Exception] = {}

    def record(self, place: int, result: Receipt | Exception) -> None:
        """Take the result of one event."""
        self.record_all(place, [result])

    def record_all(self, place: int, results: Sequence[Receipt | Exception]) -> None:
        """Take the results of events that follow one another."""
        before = len(self._receipts)
        for number, result in enumerate(results, place):
            if isinstance(result, Receipt):
                self._receipts[number] = result
            else:
                self.failures[number] = result
        if self._progress is not None and len(self._receipts) > before:
            self._progress(len(self._receipts))

    def receipts(self) -> list[Receipt]:
        """Return the receipts in the order of the input.

        Raises:
            PartlySubmittedError: there are failures.

        """
        ordered = [receipt for _, receipt in sorted(self._receipts.items())]
        if self.failures:
            raise PartlySubmittedError(ordered, dict(sorted(self.failures.items())))
        return ordered


class Bulk:
    """Sends events at a time, in tasks. Leaving the block early cancels those that are on their way."""

    def __init__(self, in_flight: int, progress: Callable[[int], object] | None) -> None:
        self._free = asyncio.Semaphore(in_flight)
        self._tally = Tally(progress)
        self._tasks: set[asyncio.Task[None]] = set()
        self._next = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def failed(self) -> bool:
        """Whether any event has failed so far."""
        return bool(self._tally.failures)

    async def add(self, send: Sending) -> None:
        """Send one more; wait while too many are in flight."""
        await self._free.acquire()
        task = asyncio.create_task(self._send(self._next, send))
        self._next += 1
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def finish(self) -> list[Receipt]:
        """Wait for all.

        Raises:
            PartlySubmittedError: some are not confirmed.

        """
        await asyncio.gather(*self._tasks)
        return self._tally.receipts()

    async def _send(self, place: int, send: Sending) -> None:
        try:
            result = await attempt(send)
        finally:
            self._free.release()
        self._tally.record(place, result)

    def _done(self, task: asyncio.Task[None]) -> None:
        # One that failed stays, for `finish` to raise what `progress` raised.
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)


async def attempt(send: Sending) -> Receipt | Exception:
    """Return the error instead of raising it."""
    try:
        return await send()
    except Exception as error:  # noqa: BLE001 - told in the end, with its place
        return error
