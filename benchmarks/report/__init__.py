"""What is made of the measured figures: summaries, Markdown tables, the plot, and the figures quoted in documents.

What belongs here: functions from a results file to text and pictures. What does not: anything that measures.
"""

import json
from pathlib import Path

from benchmarks.report.plot import plot
from benchmarks.report.tables import tables


def write_report(file: Path) -> None:
    """Write the tables (`.md`) and the plot (`.svg`, `.png`) beside a results file."""
    results = json.loads(file.read_text())
    file.with_suffix(".md").write_text(tables(results))
    plot(results, file.parent, file.stem)
