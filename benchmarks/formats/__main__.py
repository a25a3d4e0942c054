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
    laps = asyncio.run(_all(chosen))
    text = report(chosen, laps, _load())
    print(text)
    if not sys.argv[1:]:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


async def _all(chosen: dict[str, list[Sample]]) -> dict[str, dict[str, Lap]]:
    """Return the laps by format and reader: format by format, so that all readers meet the same moment's machine."""
    laps: dict[str, dict[str, Lap]] = {kind: {} for kind in chosen}
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(Readers(name, ROOT / _environment(name) / "bin" / "python"))
            for name in (*OURS, *OTHERS)
        ]
        for each in readers:
            # Imports are not what is measured.
            await each.run(next(iter(chosen.values()))[:1], await _texts(each.name, "warm-up"))
        for kind, files in chosen.items():
            for each in readers:
                laps[kind][each.name] = await each.run(files, await _texts(each.name, kind))
                print(f"{kind} {each.name}: {laps[kind][each.name].documents} read", file=sys.stderr)
    return laps


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
