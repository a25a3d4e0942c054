"""Figures in documents: what stands between two marks is written from the results files.

<!-- benchmark: processes -->
…
<!-- end of benchmark -->
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import model
from benchmarks.report.studies import table
from benchmarks.report.summary import Row, throughput_rows
from benchmarks.systems import SYSTEMS

_MARK = re.compile(r"(<!-- benchmark: (\w+) -->\n).*?(<!-- end of benchmark -->)", re.DOTALL)
_TITLES = {system.name: system.title for system in SYSTEMS}


def fill(folder: Path, documents: list[Path]) -> None:
    """Write every quoted figure anew.

    Raises:
        KeyError: a document asks for a snippet that there is not.

    """
    for document in documents:
        text = document.read_text(encoding="utf-8")
        filled = _MARK.sub(lambda mark: f"{mark[1]}{_snippet(mark[2], folder)}\n{mark[3]}", text)
        if filled != text:
            document.write_text(filled, encoding="utf-8")


def _snippet(name: str, folder: Path) -> str:
    file, make = SNIPPETS[name]
    path = folder / file
    if not path.exists():
        return "_Not measured yet: `make bench-full`._"
    return make(json.loads(path.read_text()))


def _performance(results: dict[str, Any]) -> str:
    """The first number of documents, one row a system."""
    rows = [row for row in throughput_rows(results["runs"]) if row.rate is not None]
    usual = {row.system: min(r.documents for r in rows if r.system == row.system) for row in rows}
    kept = [row for row in rows if row.documents == usual[row.system]]
    head = ["system", "documents/s: median [min–max]", "× the raw floor", "× Celery", "CPU s per 1,000 documents"]
    machine = results["machine"]
    return (
        "![Documents per second of each system](benchmarks/results/full.svg)\n\n"
        f"{machine['cpus']} cores ({machine['processor']}), which RabbitMQ, Neo4j and all else share; "
        f"{results['date']}, by `{results['command']}`.\n\n{table(head, map(_performance_cells, kept))}"
    )


def _performance_cells(row: Row) -> list[str]:
    assert row.rate is not None
    return [
        _TITLES.get(row.system, row.system),
        f"{row.rate.middle:,.0f} [{row.rate.low:,.0f}–{row.rate.high:,.0f}]",
        f"{row.to_floor.middle:.2f}" if row.to_floor else "",
        f"{row.to_celery.middle:.1f}" if row.to_celery else "",
        f"{sum(each.middle for each in row.cpu.values()):.2f}",
    ]


def _sizes(results: dict[str, Any]) -> str:
    rows = [row for row in throughput_rows(results["runs"]) if row.rate and row.system in {"service", "service-2"}]
    head = ["system", "documents", "documents/s", "CPU s per 1,000: service", "Neo4j", "RabbitMQ", "collector"]
    return table(
        head,
        (
            [_TITLES[row.system], f"{row.documents:,}", f"{row.rate.middle:,.0f}"]
            + [f"{row.cpu[group].middle:.2f}" for group in ("worker", "neo4j", "broker")]
            + [f"{_yardstick(results, row):.2f}"]
            for row in sorted(rows, key=lambda row: (row.system, row.documents))
            if row.rate
        ),
    )


def _yardstick(results: dict[str, Any], row: Row) -> float:
    """Return what the collector took in the runs of a row: the same work for each document, whatever is measured."""
    return median(
        run["cpu"]["collector"]
        for run in results["runs"]
        if (run["kind"], run["system"], run["documents"]) == ("throughput", row.system, row.documents)
        and not run["problems"]
    )


SNIPPETS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "performance": ("full.json", _performance),
    "sizes": ("full.json", _sizes),
    "cost": ("scale.json", model.cost),
    "processes": ("scale.json", model.processes),
    "loads": ("scale.json", model.loads),
}
"""By name: the results file and what is made of it."""
