"""A series: all chosen systems in shuffled rounds on warm servers, the results written after each run."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.facts import facts
from benchmarks.harness.result import line
from benchmarks.harness.run import Bench
from benchmarks.harness.servers import running_servers
from benchmarks.systems import SYSTEMS, System

WARM_UP = ("service", "floor", "raw_each", "service", "floor", "service", "floor", "service")
"""A cold server is several times slower. Thousands of transactions, small ones and large ones, go first."""
LATENCY_DOCUMENTS, LATENCY_RATE = 750, 50.0

LATENCY = frozenset(system.name for system in SYSTEMS if system.latency)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a series measures."""

    systems: list[System]
    rounds: int
    documents: int
    latency: frozenset[str] = LATENCY
    """Systems whose latency is measured, if they are among those measured at all."""
    large: tuple[int, ...] = ()
    """Numbers of documents of the large runs."""
    service_only: tuple[int, ...] = ()
    """Numbers of documents that only the service does, once."""
    warm_up: int = 3000
    """Documents of each run of the warm-up; 0 for none."""


@dataclass(frozen=True, slots=True)
class _Step:
    system: System
    kind: str
    documents: int


def steps(plan: Plan, number: int) -> Iterator[_Step]:
    """Yield the runs of one round, in an order of chance."""
    runs = [_Step(s, "throughput", min(plan.documents, s.documents or plan.documents)) for s in plan.systems]
    runs += [_Step(s, "throughput", size) for size in plan.large for s in plan.systems if s.large]
    runs += [_Step(s, "latency", LATENCY_DOCUMENTS) for s in plan.systems if s.name in plan.latency]
    random.shuffle(runs)
    yield from runs
    if number == plan.rounds:
        for size in plan.service_only:
            yield from (_Step(s, "throughput", size) for s in plan.systems if s.name == "service")


async def series(plan: Plan, out: Path, command: str, stack: str | None, say: Say, *, resume: bool = False) -> None:
    """Run it. Failed runs are kept and shown as such.

    Args:
        plan: what to measure.
        out: results file.
        command: what the results say that they were made by.
        stack: a running stack of `docgraph local up` to use.
        say: is told of each run.
        resume: keep what the results file holds, and make the runs that it lacks.

    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with running_servers(stack, say) as servers:
        bench = Bench(servers)
        results = json.loads(out.read_text()) if resume else facts(servers, command) | {"runs": []}
        made = {(run["round"], run["system"], run["kind"], run["documents"]) for run in results["runs"]}
        by_name = {system.name: system for system in SYSTEMS}
        for name in WARM_UP if plan.warm_up else ():
            say(line(await bench.throughput(by_name[name], plan.warm_up)) + "  (warm-up)")
        for number in range(1, plan.rounds + 1):
            for step in steps(plan, number):
                if (number, step.system.name, step.kind, step.documents) in made:
                    continue
                began = time.monotonic()
                if step.kind == "latency":
                    result = await bench.latency(step.system, step.documents, LATENCY_RATE)
                else:
                    result = await bench.throughput(step.system, step.documents)
                result.round = number
                results["runs"].append(result.to_json())
                out.write_text(json.dumps(results, indent=1) + "\n")
                say(f"{line(result)}  (round {number}, {time.monotonic() - began:.0f} s)")
