"""Runs the benchmark: `python -m benchmarks run`, `list`, `report`."""

import argparse
import asyncio
import json
import random
import time
from pathlib import Path

from benchmarks.harness.processes import ROOT
from benchmarks.harness.run import Bench, Result
from benchmarks.harness.servers import running_servers
from benchmarks.systems import SYSTEMS, System

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    options = _parser().parse_args()
    if options.command == "list":
        for system in SYSTEMS:
            print(f"{system.name:24}{system.title}")
        return
    asyncio.run(run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the systems")
    run = commands.add_parser("run", help="run systems side by side")
    run.add_argument("--only", help="systems, separated by commas; all when absent")
    run.add_argument("--rounds", type=int, default=1)
    run.add_argument("--documents", type=int, default=4000)
    run.add_argument("--latency", action="store_true", help="measure the latency at 50 documents a second, too")
    run.add_argument("--no-warm-up", action="store_true")
    run.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    run.add_argument("--out", type=Path, default=ROOT / ".local" / "benchmarks" / "runs.json")
    return parser


def chosen(only: str | None) -> list[System]:
    """Return the systems of these names.

    Raises:
        SystemExit: there is none of a name.

    """
    if not only:
        return list(SYSTEMS)
    known = {system.name: system for system in SYSTEMS}
    names = [{"celery": "celery_sync"}.get(name, name) for name in only.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"expected systems of {', '.join(known)}, got {', '.join(unknown)}")
    return [known[name] for name in names]


async def run(options: argparse.Namespace) -> None:
    systems = chosen(options.only)
    folder = ROOT / ".local" / "benchmarks" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {line}", flush=True)

    with running_servers(options.stack, say) as servers:
        bench = Bench(servers, folder)
        if not options.no_warm_up:
            for system in chosen("service,raw_each,floor"):
                say(_line(await bench.throughput(system, 3000)) + "  (warm-up)")
        for number in range(1, options.rounds + 1):
            for system in random.sample(systems, len(systems)):
                documents = min(options.documents, system.documents or options.documents)
                result = await bench.throughput(system, documents)
                result.round = number
                results.append(result)
                say(_line(result))
            for system in random.sample(systems, len(systems)) if options.latency else []:
                result = await bench.latency(system, 500, 50)
                result.round = number
                results.append(result)
                say(_line(result))
            options.out.write_text(json.dumps([each.to_json() for each in results], indent=1))


def _line(result: Result) -> str:
    head = f"{result.system:22} {result.documents:6}"
    if result.problems:
        return f"{head}  FAILED: {'; '.join(result.problems)}"
    if result.kind == "latency":
        return f"{head}  p50 {result.p50} ms  p99 {result.p99} ms"
    cpu = " / ".join(f"{result.cpu[group]:.2f}" for group in ("worker", "neo4j", "broker", "collector"))
    return f"{head}  {result.rate:7.0f}/s   CPU s per 1,000: {cpu}   {result.memory:.0f} MB"


if __name__ == "__main__":
    main()
