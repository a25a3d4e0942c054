"""From the results files to tables, plots and quoted figures."""

import json
from pathlib import Path

from benchmarks.report.plot import plot
from benchmarks.report.snippets import fill
from benchmarks.report.studies import TABLES
from benchmarks.report.tables import tables


def write_report(file: Path) -> None:
    """Write the tables (`.md`) and, of a series, the plot (`.svg`, `.png`) beside a results file."""
    results = json.loads(file.read_text())
    if name := results.get("study"):
        file.with_suffix(".md").write_text(TABLES[name](results))
        return
    file.with_suffix(".md").write_text(tables(results))
    plot(results, file.parent, file.stem)


def write_all(folder: Path, documents: list[Path]) -> None:
    """Write the tables and plots of all results files anew, and what the documents quote of them."""
    for file in sorted(folder.glob("*.json")):
        if file.stem != "formats":  # the race of the readers writes its own
            write_report(file)
    fill(folder, documents)
