"""The laps as figures, and the figures as Markdown: how fast, how well, and what failed."""

import os
import subprocess
from collections.abc import Mapping
from statistics import mean
from typing import Any

from benchmarks.formats.race import ROOT, WORKERS, Lap

OTHERS = ("markitdown", "kreuzberg", "kreuzberg_markdown")
_TITLES = {"markitdown": "markitdown", "kreuzberg": "kreuzberg, plain", "kreuzberg_markdown": "kreuzberg, markdown"}
_WHOLE = 10
_MOST_BEHIND = 0.02
Figures = Mapping[str, Any]


def measured(laps: Mapping[str, Lap]) -> dict[str, Any]:
    """Return the figures of one format by reader, as they are kept."""
    return {
        "readers": {
            name: {
                "documents_per_s": _rate(lap.documents, lap),
                "characters_per_s": _rate(lap.characters, lap),
                "work": _ratio(lap, laps["docgraph"]),
                "recall": round(mean(match.recall for match in lap.matches), 4),
                "precision": round(mean(match.precision for match in lap.matches), 4),
                "failures": lap.failures,
            }
            for name, lap in laps.items()
        },
        "files": len(laps["docgraph"].matches),
    }


def report(formats: Mapping[str, Figures]) -> str:
    """Return the whole page."""
    titles = " | ".join(_TITLES.values())
    loads = [each["load"] for each in formats.values()]
    days = sorted({each["day"] for each in formats.values()})
    lines = [
        "<!-- written by `make bench-formats` -->",
        f"{sum(each['files'] for each in formats.values())} files, {WORKERS} processes for each reader. {_versions()}.",
        f"{os.cpu_count()} cores, load average {min(loads)} to {max(loads)}, {' to '.join(dict.fromkeys(days))}.",
        "",
        "Speed of extraction, on the clock. “All” is all that the service does before the graph: chunks, language and",
        "keywords as well. The last columns say how many times as fast docgraph's extraction is: the ratio of the",
        "least processor time for the files that both read, which other work disturbs less than the clock.",
        "",
        f"| format | files | documents/s | characters/s | all: documents/s | {titles} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_speed(kind, formats[kind]) for kind in sorted(formats)),
        "",
        "Recall and precision of words against the reference, mean over the files; bold where docgraph's recall is",
        "more than 0.02 below the best.",
        "",
        f"| format | docgraph | {titles} |",
        "|---|---:|---:|---:|---:|",
        *(_quality(kind, formats[kind]["readers"]) for kind in sorted(formats)),
        *_failures(formats),
        "",
    ]
    return "\n".join(lines)


def _rate(count: int, lap: Lap) -> float:
    return round(count / lap.seconds * WORKERS, 2) if lap.seconds else 0.0


def _ratio(lap: Lap, ours: Lap) -> float:
    """Return how much more work than ours the files were that both have read."""
    both = lap.work.keys() & ours.work.keys()
    own = sum(min(ours.work[name]) for name in both)
    return round(sum(min(lap.work[name]) for name in both) / own, 3) if own else 0.0


def _speed(kind: str, figures: Figures) -> str:
    readers = figures["readers"]
    ours = readers["docgraph"]
    ratios = [f"{readers[name]['work']:.2f}" if readers[name]["work"] else "–" for name in OTHERS]
    return (
        f"| {kind} | {figures['files']} | {_shown(ours['documents_per_s'])} | {_shown(ours['characters_per_s'])} | "
        f"{_shown(readers['docgraph_whole']['documents_per_s'])} | {' | '.join(ratios)} |"
    )


def _shown(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= _WHOLE else f"{rate:.1f}"


def _quality(kind: str, readers: Figures) -> str:
    cells = [f"{readers[name]['recall']:.3f} / {readers[name]['precision']:.3f}" for name in ("docgraph", *OTHERS)]
    if readers["docgraph"]["recall"] < max(readers[name]["recall"] for name in OTHERS) - _MOST_BEHIND:
        cells[0] = f"**{cells[0]}**"
    return f"| {kind} | {' | '.join(cells)} |"


def _failures(formats: Mapping[str, Figures]) -> list[str]:
    lines = []
    for name in ("docgraph", *OTHERS):
        failed = [
            f"{file} ({error[:60]})"
            for kind in sorted(formats)
            for file, error in sorted(formats[kind]["readers"][name]["failures"].items())
        ]
        if failed:
            lines += ["", f"Not read by {_TITLES.get(name, name)}: {'; '.join(failed)}."]
    return lines


def _versions() -> str:
    program = (
        "from importlib.metadata import version as v; import platform; "
        'print(f\'markitdown {v("markitdown")}, kreuzberg {v("kreuzberg")}, Python {platform.python_version()}\')'
    )
    python = ROOT / ".venv-frameworks" / "bin" / "python"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
