"""The benchmark's command.

python -m benchmarks list
python -m benchmarks run --only service,floor,celery --rounds 1 --documents 2000
python -m benchmarks short | full
python -m benchmarks report benchmarks/results/full.json
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.harness.processes import ROOT
from benchmarks.harness.series import LATENCY, Plan, series
from benchmarks.report.writing import write_all, write_report
from benchmarks.systems import SYSTEMS, System

RESULTS = Path(__file__).parent / "results"
DOCUMENTS = [ROOT / name for name in ("README.md", "benchmarks/README.md", "docs/scaling.md")]
"""Documents that quote figures."""
STUDIES = ("profile", "steps", "loop_lag", "scale", "bridge", "roundtrip")
SHORT_LATENCY = frozenset({"service", "floor", "raw_each", "celery_sync", "arq"})
ALIASES = {"celery": "celery_sync"}


def main() -> None:
    options = _parser().parse_args()
    if options.command == "list":
        for system in SYSTEMS:
            print(f"{system.name:24}{system.title}")
    elif options.command == "report":
        write_all(RESULTS, DOCUMENTS)
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    full = options.command == "full"
    out = options.out or (RESULTS if full else ROOT / ".local" / "benchmarks") / f"{options.command}.json"
    asyncio.run(series(_plan(options), out, _command(options.command), options.stack, _clock(), resume=options.resume))
    write_report(out)
    print(out.with_suffix(".md").read_text())
    failed = sum(bool(run["problems"]) for run in json.loads(out.read_text())["runs"])
    if full and not options.no_studies:
        for study in STUDIES:
            print(f"\n{study}", flush=True)
            command = [sys.executable, "-m", f"benchmarks.{study}", "--out", str(out.with_name(f"{study}.json"))]
            failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    if full and out.parent == RESULTS:
        write_all(RESULTS, DOCUMENTS)
    if failed:
        sys.exit(f"{failed} runs failed their checks; see {out.with_suffix('.md')}")


def _plan(options: argparse.Namespace) -> Plan:
    warm_up = 0 if options.no_warm_up else 6000 if options.command == "full" else 3000
    if options.command == "short":
        systems = [system for system in SYSTEMS if system.short]
        return Plan(systems, rounds=options.rounds, documents=3000, latency=SHORT_LATENCY, warm_up=warm_up)
    if options.command == "full":
        large = () if options.no_large else (20_000, 100_000)
        return Plan(
            chosen(options.only),
            rounds=options.rounds,
            documents=4000,
            large=large[:1],
            service_only=large[1:],
            warm_up=warm_up,
        )
    return Plan(
        chosen(options.only),
        rounds=options.rounds,
        documents=options.documents,
        latency=LATENCY if options.latency else frozenset(),
        warm_up=warm_up,
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
    commands.add_parser("report", help="write tables, plot and what documents quote anew from benchmarks/results")
    run = commands.add_parser("run", help="some systems, for development")
    run.add_argument("--documents", type=int, default=4000)
    run.add_argument("--latency", action="store_true", help="measure the latency at 50 documents a second, too")
    short = commands.add_parser("short", help="the main systems, one round, at most ten minutes")
    full = commands.add_parser("full", help="all systems, three rounds, large runs, and the studies")
    full.add_argument("--no-large", action="store_true", help="without the runs of 20,000 and 100,000 documents")
    full.add_argument(
        "--no-studies",
        action="store_true",
        help="without the studies: profile, steps and the others",
    )
    for each in (run, full):
        each.add_argument("--only", help="systems, separated by commas; all when absent")
    for each, rounds in ((run, 1), (short, 1), (full, 3)):
        each.add_argument("--rounds", type=int, default=rounds)
        each.add_argument("--no-warm-up", action="store_true", help="for servers that are warm")
        each.add_argument("--resume", action="store_true", help="only the runs that the results file lacks")
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
