"""What each step towards speed is worth: the service with one of them undone, beside the service as it is.

    python -m benchmarks.steps --rounds 3

In each round every variant takes its turn once, in an order of chance, and is compared with the service as it is in the
same round. Settings are steps, too: a row with another batch size says why the default is what it is.
"""

import argparse
import asyncio
import os
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness.result import Result, line
from benchmarks.harness.run import Bench
from benchmarks.harness.servers import running_servers
from benchmarks.report.studies import conclude
from benchmarks.systems import System, service

AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class Variant:
    """One row."""

    title: str
    undone: str = ""
    """For `harness.undone`."""
    settings: dict[str, str] = field(default_factory=dict)
    """Settings that differ from the defaults."""


VARIANTS = (
    Variant(AS_IT_IS),
    Variant("one event in a transaction", settings={"DOCGRAPH_BATCH_SIZE": "1"}),
    Variant("batches of 32", settings={"DOCGRAPH_BATCH_SIZE": "32"}),
    Variant("batches of 128, prefetch 512", settings={"DOCGRAPH_BATCH_SIZE": "128", "DOCGRAPH_PREFETCH": "512"}),
    Variant("batches of 512, prefetch 2,048", settings={"DOCGRAPH_BATCH_SIZE": "512", "DOCGRAPH_PREFETCH": "2048"}),
    Variant("one transaction at a time", settings={"DOCGRAPH_TRANSACTIONS": "1"}),
    Variant("three transactions at a time", settings={"DOCGRAPH_TRANSACTIONS": "3"}),
    Variant("prefetch 512", settings={"DOCGRAPH_PREFETCH": "512"}),
    Variant("asyncio's loop instead of uvloop", settings={"FASTSTREAM_LOOP": "asyncio:new_event_loop"}),
    Variant("an acknowledgement for each message", undone="runs of acknowledgements"),
    Variant("a write for each completion", undone="publishes in one write"),
    Variant("Python's collector as it comes", undone="the calmed collector"),
)


async def main(documents: int, rounds: int, stack: str | None, out: Path | None) -> None:
    ratios: dict[str, dict[str, list[float]]] = {v.title: {"rate": [], "cpu": [], "worker": []} for v in VARIANTS}
    problems: list[str] = []
    with running_servers(stack) as servers:
        bench = Bench(servers)
        for _ in range(3):
            print(line(await bench.throughput(_system(VARIANTS[0]), documents)), "(warm-up)", flush=True)
        for _ in range(rounds):
            results = {}
            for variant in random.sample(VARIANTS, len(VARIANTS)):
                results[variant.title] = result = await _measure(bench, variant, documents)
                problems += [f"{variant.title}: {problem}" for problem in result.problems]
                print(line(result), variant.title, flush=True)
            plain = results[AS_IT_IS]
            for title, result in results.items():
                if not (result.problems or plain.problems):
                    for name, figure in _figures(result).items():
                        ratios[title][name].append(figure / _figures(plain)[name])
    steps = [
        {"title": title, "runs": len(each["rate"])} | {name: round(median(of), 3) for name, of in each.items()}
        for title, each in ratios.items()
        if title != AS_IT_IS and each["rate"]
    ]
    conclude("steps", {"documents": documents, "rounds": rounds, "steps": steps, "problems": problems}, out)


async def _measure(bench: Bench, variant: Variant, documents: int) -> Result:
    changed = variant.settings | {"BENCH_UNDONE": variant.undone}
    os.environ |= changed
    try:
        return await bench.throughput(_system(variant), documents)
    finally:
        for name in changed:
            del os.environ[name]


def _system(variant: Variant) -> System:
    system = service("service", f"docgraph, {variant.title}")
    command = tuple(part.replace("service.app:app", "benchmarks.harness.undone:app") for part in system.command)
    return replace(system, command=command)


def _figures(result: Result) -> dict[str, Any]:
    assert result.rate is not None
    cpu = sum(result.cpu[group] for group in ("worker", "neo4j", "broker"))
    return {"rate": result.rate, "cpu": cpu, "worker": result.cpu["worker"]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps")
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    parser.add_argument("--out", type=Path, help="results file; the table goes beside it")
    asyncio.run(main(**vars(parser.parse_args())))
