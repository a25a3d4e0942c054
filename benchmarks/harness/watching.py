"""How scripts use the service with the watch inside: `harness.watched`."""

import asyncio
import json
import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness.run import LOGS
from benchmarks.systems import System, service

PREFIX = LOGS / f"watch-{os.getpid()}"
WRITTEN_WITHIN = 60.0


def watched(processes: int = 1, *, sample: bool = False) -> System:
    """Return the service with the watch inside; `sample`: of stacks, instead of the loop's lag."""
    LOGS.mkdir(parents=True, exist_ok=True)
    for path in LOGS.glob("watch-*.ready"):  # of earlier processes
        path.unlink()
    os.environ["BENCH_WATCH"] = str(PREFIX)
    os.environ["BENCH_SAMPLE"] = "yes" if sample else ""
    system = service(f"service-{processes}", f"docgraph, {processes} processes", processes=processes)
    command = tuple(part.replace("service.app:app", "benchmarks.harness.watched:app") for part in system.command)
    return replace(system, command=command)


def begin(pids: Iterable[int]) -> None:
    """Begin to measure in the processes of these workers."""
    for pid in _watching(pids):
        os.kill(pid, signal.SIGUSR1)


async def end(pids: Iterable[int]) -> list[dict[str, Any]]:
    """Stop measuring; return what each process has found: `seconds`, `cpu`, `stacks`, `lags`, `deadlocks`."""
    watching = _watching(pids)
    paths = [PREFIX.with_name(f"{PREFIX.name}.{pid}") for pid in watching]
    for path in paths:
        path.unlink(missing_ok=True)
    for pid in watching:
        os.kill(pid, signal.SIGUSR2)
    async with asyncio.timeout(WRITTEN_WITHIN):
        while not all(path.exists() for path in paths):
            await asyncio.sleep(0.05)
    return [_read(path) for path in paths]


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return found


def _watching(pids: Iterable[int]) -> list[int]:
    """Return the processes that run the app: they have said so by a file of their own."""
    family = {child.pid for pid in pids for child in (psutil.Process(pid), *psutil.Process(pid).children(True))}
    return sorted(pid for pid in family if PREFIX.with_name(f"{PREFIX.name}.{pid}.ready").exists())
