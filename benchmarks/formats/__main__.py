"""Runs the readers over the files and writes the tables: `python -m benchmarks.formats [FORMAT …]`."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.formats.corpus import FOLDER, Sample, samples
from benchmarks.formats.race import ROOT, WORKERS, Lap, Readers
from benchmarks.formats.tables import OTHERS, report
from tests.corpus.converters import missing

RESULTS = ROOT / "benchmarks" / "results" / "formats.md"
OURS = ("docgraph", "docgraph_whole")


def main() -> None:
    if absent := missing():
        raise SystemExit(f"expected {', '.join(absent)} to be installed; run scripts/install.sh corpus")
    chosen = {kind: files for kind, files in samples().items() if not sys.argv[1:] or kind in sys.argv[1:]}
    # PDF takes longest by far.
    ordered = {kind: chosen[kind] for kind in sorted(chosen, key=lambda kind: (kind == "pdf", kind))}
    print(asyncio.run(_all(ordered, None if sys.argv[1:] else RESULTS)))


async def _all(chosen: dict[str, list[Sample]], results: Path | None) -> str:
    """Return the tables, and keep them in a file after each format, so that a run that is broken off leaves some.

    All readers take one format before they take the next, so that they meet the same moment's machine.
    """
    laps: dict[str, dict[str, Lap]] = {}
    text = ""
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(Readers(name, ROOT / _environment(name) / "bin" / "python"))
            for name in (*OURS, *OTHERS)
        ]
        for each in readers:
            # Imports are not what is measured.
            await each.run(next(iter(chosen.values()))[:1], await _texts(each.name, "warm-up"))
        for kind, files in chosen.items():
            laps[kind] = {}
            for each in readers:
                laps[kind][each.name] = await each.run(files, await _texts(each.name, kind))
                print(f"{kind} {each.name}: {laps[kind][each.name].documents} read", file=sys.stderr)
            text = report({done: chosen[done] for done in laps}, laps, _load())
            if results:
                await asyncio.to_thread(results.write_text, text, encoding="utf-8")
    return text


def _environment(reader: str) -> str:
    return ".venv" if reader in OURS else ".venv-frameworks"


async def _texts(reader: str, kind: str) -> Path:
    folder = FOLDER / "texts" / reader / kind
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    return folder


def _load() -> str:
    others = os.getloadavg()[0] - WORKERS
    return f"{os.cpu_count()} cores; load average at the end {os.getloadavg()[0]:.1f}" + (
        ", so other work was going on: only the ratios count" if others > 1 else ""
    )


if __name__ == "__main__":
    main()
