"""The plot of the throughput: one bar a system, its range as a line, readable on light and on dark pages."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.report.summary import Row, throughput_rows
from benchmarks.systems import SYSTEMS

OURS, RAW, PEER = "#2f81f7", "#8b949e", "#d29922"
"""Legible on white and on GitHub's dark grey."""
INK = "#7d8590"
SLOWEST = 1.0


def plot(results: dict[str, Any], folder: Path, name: str) -> None:
    """Write NAME.svg and NAME.png, without a background."""
    rows = _rows(results["runs"])
    if not rows:
        return
    titles = {system.name: system.title for system in SYSTEMS}
    mpl.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "benchmarks",
            "font.size": 11,
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    figure, axes = plt.subplots(figsize=(9.5, 0.42 * len(rows) + 1.1))
    most = max(row.rate.high for row in rows if row.rate)
    for place, row in enumerate(reversed(rows)):
        axes.barh(place, row.rate.middle, color=_colour(row.system), height=0.66)
        axes.plot([row.rate.low, row.rate.high], [place, place], color=INK, linewidth=1.6)
        axes.text(row.rate.high + most * 0.012, place, f"{row.rate.middle:,.0f}", va="center", color=INK)
    axes.set_yticks(range(len(rows)), [titles.get(row.system, row.system) for row in reversed(rows)])
    axes.set_xlim(0, most * 1.1)
    axes.set_xlabel("documents per second: median, and range of the rounds")
    axes.tick_params(length=0)
    axes.xaxis.grid(visible=True, color=INK, alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.tight_layout()
    for kind in ("svg", "png"):
        options = {"metadata": {"Date": None}} if kind == "svg" else {}
        figure.savefig(folder / f"{name}.{kind}", transparent=True, dpi=160, **options)
    plt.close(figure)


def _rows(runs: list[dict[str, Any]]) -> list[Row]:
    """Return one row a system: its runs with the usual number of documents, the smallest."""
    rows: dict[str, Row] = {}
    for row in throughput_rows(runs):
        known = rows.get(row.system)
        if row.rate is not None and (known is None or row.documents < known.documents):
            rows[row.system] = row
    return sorted(rows.values(), key=lambda row: -row.rate.middle)


def _colour(system: str) -> str:
    if system.startswith("service"):
        return OURS
    return RAW if system.startswith(("floor", "raw")) else PEER
