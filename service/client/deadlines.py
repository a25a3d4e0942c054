"""The time-outs of the calls that are under way, so that closing the client can end them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Deadlines:
    """Time-outs of one kind of call."""

    def __init__(self) -> None:
        self._open: set[asyncio.Timeout] = set()
        self._none = asyncio.Event()
        self._none.set()

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncGenerator[None, None]:
        """Raise `TimeoutError` when the block takes longer, or when all are ended."""
        async with asyncio.timeout(seconds) as deadline:
            self._open.add(deadline)
            self._none.clear()
            try:
                yield
            finally:
                self._open.discard(deadline)
                if not self._open:
                    self._none.set()

    async def finish(self, within: float) -> None:
        """Wait for the calls under way; end those that take longer."""
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            self.end()
            await self._none.wait()

    def end(self) -> None:
        """Let every call under way run out of time now."""
        now = asyncio.get_running_loop().time()
        for deadline in self._open:
            if not deadline.expired():  # by itself, a moment ago
                deadline.reschedule(now)
