"""The laps as Markdown: how fast, how well, and what failed."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import mean

from benchmarks.formats.corpus import Sample
from benchmarks.formats.race import ROOT, WORKERS, Lap

OTHERS = ("markitdown", "kreuzberg", "kreuzberg_markdown")
_TITLES = {"markitdown": "markitdown", "kreuzberg": "kreuzberg, plain", "kreuzberg_markdown": "kreuzberg, markdown"}
_WHOLE = 10
Laps = Mapping[str, Mapping[str, Lap]]


def report(files: Mapping[str, list[Sample]], laps: Laps, machine: str) -> str:
    """Return the whole page."""
    titles = " | ".join(_TITLES.values())
    lines = [
        "<!-- written by `make bench-formats` -->",
        f"{sum(map(len, files.values()))} files, {WORKERS} processes for each reader, {datetime.now(UTC):%Y-%m-%d};",
        f"{machine}. {_versions()}.",
        "",
        "Speed of extraction. “All” is all that the service does before the graph: chunks, language and keywords as",
        "well. The last columns say how many times as fast docgraph's extraction is.",
        "",
        f"| format | files | documents/s | characters/s | all: documents/s | {titles} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_speed(kind, len(files[kind]), laps[kind]) for kind in laps),
        "",
        "Recall and precision of words against the reference, mean over the files; bold where docgraph's recall is",
        "more than 0.02 below the best.",
        "",
        f"| format | docgraph | {titles} |",
        "|---|---:|---:|---:|---:|",
        *(_quality(kind, laps[kind]) for kind in laps),
        *_failures(laps),
        "",
    ]
    return "\n".join(lines)


def behind(laps: Mapping[str, Lap]) -> bool:
    """Return whether another reader finds more than 0.02 more of the words."""
    best = max(_recall(laps[name]) for name in OTHERS)
    return _recall(laps["docgraph"]) < best - 0.02


def _speed(kind: str, count: int, laps: Mapping[str, Lap]) -> str:
    ours, whole = laps["docgraph"], laps["docgraph_whole"]
    ratios = [_ratio(ours, laps[name]) for name in OTHERS]
    return (
        f"| {kind} | {count} | {_rate(ours.documents, ours)} | {_rate(ours.characters, ours)} | "
        f"{_rate(whole.documents, whole)} | {' | '.join(ratios)} |"
    )


def _ratio(ours: Lap, theirs: Lap) -> str:
    if not theirs.documents or not ours.documents:
        return "–"
    # Files that one of them cannot read do not count for it.
    return f"{(ours.documents / ours.seconds) / (theirs.documents / theirs.seconds):.1f}"


def _rate(count: int, lap: Lap) -> str:
    if not lap.seconds:
        return "–"
    rate = count / lap.seconds
    return f"{rate:,.0f}" if rate >= _WHOLE else f"{rate:.1f}"


def _quality(kind: str, laps: Mapping[str, Lap]) -> str:
    cells = []
    for name in ("docgraph", *OTHERS):
        recall = f"{_recall(laps[name]):.3f}"
        if name == "docgraph" and behind(laps):
            recall = f"**{recall}**"
        cells.append(f"{recall} / {mean(match.precision for match in laps[name].matches):.3f}")
    return f"| {kind} | {' | '.join(cells)} |"


def _recall(lap: Lap) -> float:
    return mean(match.recall for match in lap.matches)


def _failures(laps: Laps) -> list[str]:
    lines = []
    for name in ("docgraph", *OTHERS):
        failed = [f"{file} ({error[:60]})" for kind in laps.values() for file, error in kind[name].failures.items()]
        if failed:
            lines += ["", f"Not read by {name.replace('_', ', ')}: {'; '.join(failed)}."]
    return lines


def _versions() -> str:
    program = (
        "from importlib.metadata import version as v; import platform; "
        'print(f\'markitdown {v("markitdown")}, kreuzberg {v("kreuzberg")}, Python {platform.python_version()}\')'
    )
    python = ROOT / ".venv-frameworks" / "bin" / "python"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
