"""Where the service's time goes: CPU microseconds a document, by stage.

    python -m benchmarks.profile --documents 10000

The service runs as users run it, with a sampler of stacks inside, over a queue that is full from the start. Samples are
taken by CPU time and weighted with the process's own, so that their sum is what the operating system counts.
"""

import argparse
import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.harness.run import Bench
from benchmarks.harness.series import LOGS, line
from benchmarks.harness.servers import running_servers
from benchmarks.report.stages import microseconds
from benchmarks.systems import SYSTEMS, System

WRITTEN_WITHIN = 30.0


def watched(name: str = "service") -> System:
    """Return the service with the watch inside."""
    system = next(system for system in SYSTEMS if system.name == name)
    command = tuple(part.replace("service.app:app", "benchmarks.harness.watched:app") for part in system.command)
    return replace(system, command=command)


async def written(prefix: Path, pids: list[int]) -> list[dict[str, Any]]:
    """Return what the watches of these processes have written, once they have."""
    paths = [prefix.with_name(f"{prefix.name}.{pid}") for pid in pids]
    async with asyncio.timeout(WRITTEN_WITHIN):
        while not all(path.exists() for path in paths):
            await asyncio.sleep(0.05)
    found = [json.loads(path.read_text()) for path in paths]
    for path in paths:
        path.unlink()
    return found


def tell(pids: list[int], number: signal.Signals) -> None:
    """Begin or end the measurement in these processes."""
    for pid in pids:
        os.kill(pid, number)


async def main(documents: int, stack: str | None, top: int) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    prefix = LOGS / "watch"
    os.environ |= {"BENCH_WATCH": str(prefix), "BENCH_SAMPLE": "yes"}
    found: list[dict[str, Any]] = []

    async def ended(pids: list[int]) -> None:
        tell(pids, signal.SIGUSR2)
        found.extend(await written(prefix, pids))

    with running_servers(stack) as servers:
        bench = Bench(servers, LOGS)
        print(line(await bench.throughput(watched(), 3000)), "(warm-up)")
        result = await bench.throughput(
            watched(), documents, began=lambda pids: tell(pids, signal.SIGUSR1), ended=ended
        )
    print(line(result))
    (watch,) = found
    measured = documents - documents // 10
    stages = microseconds(watch["stacks"], watch["cpu"], measured)
    samples = sum(count for _, count in watch["stacks"])
    print(f"\n{samples} samples, {watch['cpu']:.2f} CPU seconds, {measured} documents\n")
    print("| stage | CPU µs per document | share |\n|---|---|---|")
    for stage, each in stages.items():
        print(f"| {stage} | {each:.1f} | {each / sum(stages.values()):.0%} |")
    print(f"| **all** | **{sum(stages.values()):.1f}** | |")
    _print_top(watch["stacks"], watch["cpu"] / samples / measured * 1e6, top)


def _print_top(stacks: list[Any], per_sample: float, top: int) -> None:
    """Print the functions that take most themselves."""
    own: dict[str, int] = {}
    for stack, count in stacks:
        own[stack[0]] = own.get(stack[0], 0) + count
    print(f"\nthe {top} functions that take most themselves, CPU µs per document:")
    for name, count in sorted(own.items(), key=lambda item: -item[1])[:top]:
        print(f"{count * per_sample:8.1f}  {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--top", type=int, default=25)
    asyncio.run(main(**vars(parser.parse_args())))
