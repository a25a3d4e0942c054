"""The service with a stethoscope: `faststream run benchmarks.harness.watched:app`.

The same app as `service.app:app`; beside it run a sampler of stacks, a clock of the event loop's lag and a counter of
deadlocks. SIGUSR1 begins a measurement, SIGUSR2 ends it and writes it to `$BENCH_WATCH.PID`.
"""

import asyncio
import collections
import json
import logging
import os
import re
import signal
import time
from pathlib import Path
from types import FrameType

import service.app
from service.app import app

SAMPLE = "BENCH_SAMPLE"
"""Set: take samples, and leave the loop alone. Not set: measure its lag."""
INTERVAL = 0.001
"""Seconds of CPU between two samples; the kernel rounds it up to its tick."""
LAG_EVERY = 0.005
"""Seconds between two looks at the loop's clock."""
PREFIX = re.compile(
    rf".*?/site-packages/|.*?/lib/python3\.\d+/|{re.escape(str(Path(service.app.__file__).parents[1]))}/"
)
"""What is left out of paths: where packages, Python and this project lie."""


class Watch:
    """What is measured in this process."""

    def __init__(self) -> None:
        self.stacks: collections.Counter[tuple[str, ...]] = collections.Counter()
        self.lags: list[float] = []
        self.deadlocks = 0
        self.began = 0.0
        self.cpu = 0.0

    def begin(self, *_: object) -> None:
        """Forget what was before."""
        self.stacks.clear()
        self.lags.clear()
        self.deadlocks = 0
        self.began, self.cpu = time.monotonic(), time.process_time()
        if os.environ.get(SAMPLE):
            signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def end(self, *_: object) -> None:
        """Write what was measured."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        found = {
            "seconds": time.monotonic() - self.began,
            "cpu": time.process_time() - self.cpu,
            "stacks": [[list(stack), count] for stack, count in self.stacks.items()],
            "lags": sorted(self.lags),
            "deadlocks": self.deadlocks,
        }
        path = Path(f"{os.environ['BENCH_WATCH']}.{os.getpid()}")
        # Not `with_suffix`: that would take the process's number away, and leave one draft for all.
        draft = path.with_name(f"{path.name}.draft")
        draft.write_text(json.dumps(found))
        draft.rename(path)

    def sample(self, _: int, frame: FrameType | None) -> None:
        """Note where the process is: `module:function`, innermost first."""
        stack = []
        while frame is not None:
            stack.append(f"{PREFIX.sub('', frame.f_code.co_filename, count=1)}:{frame.f_code.co_name}")
            frame = frame.f_back
        self.stacks[tuple(stack)] += 1

    async def measure_lag(self) -> None:
        """Note by how much the loop is late."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self.lags.append(max(0.0, time.monotonic() - due))


class Deadlocks(logging.Handler):
    """Counts the deadlocks that the driver reports when it retries."""

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one record."""
        if "DeadlockDetected" in record.getMessage():
            watch.deadlocks += 1


watch = Watch()


def count_deadlocks() -> None:
    """Begin to count; the service itself does not log what the driver retries."""
    logging.getLogger("neo4j").addHandler(Deadlocks())
    logging.getLogger("neo4j.session").setLevel(logging.WARNING)


@app.after_startup
async def start() -> None:
    """Begin to watch, in each worker process."""
    count_deadlocks()
    signal.signal(signal.SIGPROF, watch.sample)
    signal.signal(signal.SIGUSR1, watch.begin)
    signal.signal(signal.SIGUSR2, watch.end)
    # Whoever sends the signals knows by this file that they will not end the process.
    Path(f"{os.environ['BENCH_WATCH']}.{os.getpid()}.ready").touch()
    if not os.environ.get(SAMPLE):
        start.task = asyncio.create_task(watch.measure_lag())
