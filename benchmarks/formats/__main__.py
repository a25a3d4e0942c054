"""Runs the readers over the files and writes the tables: `python -m benchmarks.formats [FORMAT …]`."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from benchmarks.formats.corpus import FOLDER, Sample, samples
from benchmarks.formats.race import ROOT, Readers, race
from benchmarks.formats.tables import OTHERS, measured, report
from tests.corpus.converters import missing

RESULTS = ROOT / "benchmarks" / "results" / "formats.json"
OURS = ("docgraph", "docgraph_whole")


def main() -> None:
    if absent := missing():
        raise SystemExit(f"expected {', '.join(absent)} to be installed; run scripts/install.sh corpus")
    found = samples()
    if unknown := set(sys.argv[1:]) - set(found):
        raise SystemExit(f"expected some of {', '.join(found)}, got {', '.join(sorted(unknown))}")
    # PDF takes longest by far.
    chosen = sorted(sys.argv[1:] or found, key=lambda kind: (kind == "pdf", kind))
    print(asyncio.run(_all({kind: found[kind] for kind in chosen})))


async def _all(chosen: Mapping[str, list[Sample]]) -> str:
    """Return the tables. Each format takes the place of its former figures as soon as it is measured."""
    text = ""
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(Readers(name, ROOT / _environment(name) / "bin" / "python"))
            for name in (*OURS, *OTHERS)
        ]
        for kind, files in chosen.items():
            laps = await race(readers, files, FOLDER / "texts")
            print(f"{kind}: {', '.join(f'{name} {lap.documents}' for name, lap in laps.items())}", file=sys.stderr)
            text = await asyncio.to_thread(_kept, kind, measured(laps) | _moment())
    return text


def _kept(kind: str, figures: dict[str, Any]) -> str:
    """Write the figures of a format to the others; return the tables of all, which are written beside them."""
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    found[kind] = figures
    RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    text = report(found)
    RESULTS.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def _environment(reader: str) -> str:
    return ".venv" if reader in OURS else ".venv-frameworks"


def _moment() -> dict[str, Any]:
    return {"load": round(os.getloadavg()[0], 1), "day": f"{datetime.now(UTC):%Y-%m-%d}"}


if __name__ == "__main__":
    main()
