"""The benchmark's command.

    python -m benchmarks list
    python -m benchmarks run --only service,floor,celery --rounds 1 --documents 2000
    python -m benchmarks short | full
    python -m benchmarks report benchmarks/results/full.json
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.harness.processes import ROOT
from benchmarks.harness.series import Plan, series
from benchmarks.report import write_report
from benchmarks.systems import SYSTEMS, System

RESULTS = Path(__file__).parent / "results"
ALIASES = {"celery": "celery_sync"}


def main() -> None:
    options = _parser().parse_args()
    if options.command == "list":
        for system in SYSTEMS:
            print(f"{system.name:24}{system.title}")
    elif options.command == "report":
        write_report(options.file)
    else:
        out = options.out or (RESULTS if options.command == "full" else ROOT / ".local" / "benchmarks") / (
            f"{options.command}.json"
        )
        asyncio.run(series(_plan(options), out, _command(options.command), options.stack, _clock()))
        write_report(out)
        failed = sum(bool(run["problems"]) for run in json.loads(out.read_text())["runs"])
        print(out.with_suffix(".md").read_text())
        if failed:
            sys.exit(f"{failed} runs failed their checks; see {out.with_suffix('.md')}")


def _plan(options: argparse.Namespace) -> Plan:
    if options.command == "short":
        return Plan([system for system in SYSTEMS if system.short], rounds=1, documents=3000, warm_up=2000)
    if options.command == "full":
        return Plan(list(SYSTEMS), rounds=options.rounds, documents=4000, large=(20_000,), service_only=(100_000,))
    return Plan(
        chosen(options.only),
        rounds=options.rounds,
        documents=options.documents,
        latency=options.latency,
        warm_up=0 if options.no_warm_up else 3000,
    )


def chosen(only: str | None) -> list[System]:
    """Return the systems of these names; all without any.

    Raises:
        SystemExit: there is none of a name.

    """
    known = {system.name: system for system in SYSTEMS}
    names = [ALIASES.get(name, name) for name in only.split(",")] if only else list(known)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"expected systems of {', '.join(known)}, got {', '.join(unknown)}")
    return [known[name] for name in names]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the systems")
    report = commands.add_parser("report", help="write tables and plot of a results file anew")
    report.add_argument("file", type=Path, nargs="?", default=RESULTS / "full.json")
    run = commands.add_parser("run", help="some systems, for development")
    run.add_argument("--only", help="systems, separated by commas; all when absent")
    run.add_argument("--documents", type=int, default=4000)
    run.add_argument("--latency", action="store_true", help="measure the latency at 50 documents a second, too")
    run.add_argument("--no-warm-up", action="store_true")
    short = commands.add_parser("short", help="the main systems, one round, at most ten minutes")
    full = commands.add_parser("full", help="all systems, three rounds, large runs")
    for each, rounds in ((run, 1), (short, 1), (full, 3)):
        each.add_argument("--rounds", type=int, default=rounds)
        each.add_argument("--out", type=Path, help="results file; the tables and the plot go beside it")
        each.add_argument("--stack", help="a running stack of `docgraph local up` to use; it is emptied")
    return parser


def _command(name: str) -> str:
    return {"short": "make bench", "full": "make bench-full"}.get(name, "python -m benchmarks run")


def _clock():
    began = time.monotonic()
    return lambda line: print(f"{time.monotonic() - began:7.1f} s  {line}", flush=True)


if __name__ == "__main__":
    main()
