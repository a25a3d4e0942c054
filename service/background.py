"""Work beside the messages: none of it ends unseen, and none of it holds up the end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

log = structlog.get_logger(__name__)


@asynccontextmanager
async def in_background(name: str, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None, None]:
    """Run work that goes on for ever beside the block; should it end before the block does, the log tells."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def _tell(task: asyncio.Task[None]) -> None:
    if task.cancelling():
        return
    # Cancelled, but not by us: a lost connection cancels whoever waits for it.
    error = None if task.cancelled() else task.exception()
    log.critical("background work has ended; restart the process", work=task.get_name(), exc_info=error)


async def at_most(seconds: float, work: Awaitable[Any]) -> bool:
    """Wait for work, but not longer than this; return whether it was done.

    Work that is too slow is cancelled and left behind: to wait for the end of that may take as long.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    if done:
        task.result()
    return bool(done)
