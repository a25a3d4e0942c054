"""How long each step of the event loop takes, in processor time: what everything else on the loop has to wait for.

Unlike the lag on a clock it does not depend on who else works on the machine.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_STEP = 0.025
"""Seconds that a step may take; reading a message of many MiB may take more, as `docs/scaling.md` says."""


@contextmanager
def measured_steps() -> Iterator[list[float]]:
    """Yield a list that grows by the seconds of each step that the running loop takes, without the one it is in."""
    seconds: list[float] = []
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        before = time.thread_time()
        run(handle)
        seconds.append(time.thread_time() - before)

    # What other tests have left in memory would be looked through amid a step.
    gc.collect()
    gc.freeze()
    asyncio.Handle._run = measured  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]
        gc.unfreeze()
