"""The Markdown tables of a results file."""

from typing import Any

from benchmarks.report.summary import Range, Row, Wait, latency_rows, throughput_rows
from benchmarks.systems import SYSTEMS

_BY_NAME = {system.name: system for system in SYSTEMS}
_HEAD = (
    "system",
    "settings",
    "documents",
    "runs",
    "documents/s: median [min–max]",
    "× floor",
    "× Celery",
    "CPU s per 1,000: worker / Neo4j / broker",
    "peak MB",
)
_LATENCY_HEAD = ("system", "runs", "p50 ms: median [min–max]", "p99 ms: median [min–max]")


def tables(results: dict[str, Any]) -> str:
    """Return the whole text of `results.md`."""
    machine = results["machine"]
    parts = [
        "# Results",
        "Made by `" + results["command"] + "`; do not edit. What is measured, and how: [README](../README.md).",
        f"{machine['cpus']} cores ({machine['processor']}), {machine['memory_gb']} GB, {machine['system']}; "
        f"{', '.join(f'{name} {version}' for name, version in results['versions'].items())}. {results['date']}.",
        "Ratios are medians of ratios within one round; “floor” is the raw aio-pika loop in one process, “Celery” is "
        "Celery prefork with the sync driver.",
        "## Throughput",
        _table(_HEAD, [_cells(row) for row in throughput_rows(results["runs"])]),
    ]
    if waits := latency_rows(results["runs"]):
        parts += [
            "## Latency at 50 documents a second",
            "From the submission to the arrival of the completion.",
            _table(_LATENCY_HEAD, [_latency_cells(row) for row in waits]),
        ]
    if problems := _problems(results["runs"]):
        parts += ["## Runs that failed their checks", problems]
    return "\n\n".join(parts) + "\n"


def _cells(row: Row) -> list[str]:
    system = _BY_NAME.get(row.system)
    settings = ", ".join(f"{name} {value}" for name, value in system.settings.items()) if system else ""
    count = f"{row.runs}" if not row.failed else f"{row.runs}, of these {len(row.failed)} failed"
    return [
        f"{system.title if system else row.system} (`{row.system}`)",
        settings,
        f"{row.documents:,}",
        count,
        _range(row.rate, "{:,.0f}") if row.rate else "**failed**",
        f"{row.to_floor.middle:.2f}" if row.to_floor else "",
        f"{row.to_celery.middle:.2f}" if row.to_celery else "",
        " / ".join(f"{row.cpu[group].middle:.2f}" for group in row.cpu),
        f"{row.memory.middle:.0f}" if row.memory else "",
    ]


def _latency_cells(row: Wait) -> list[str]:
    system = _BY_NAME.get(row.system)
    return [
        f"{system.title if system else row.system} (`{row.system}`)",
        f"{row.runs}" if not row.failed else f"{row.runs}, of these {len(row.failed)} failed",
        _range(row.p50, "{:.1f}"),
        _range(row.p99, "{:.1f}"),
    ]


def _range(values: Range | None, style: str) -> str:
    if values is None:
        return "**failed**"
    low, middle, high = (style.format(value) for value in (values.low, values.middle, values.high))
    return f"{middle} [{low}–{high}]"


def _problems(runs: list[dict[str, Any]]) -> str:
    lines = [
        f"* `{run['system']}`, {run['documents']:,} documents, round {run['round']}: {problem.splitlines()[0]}"
        for run in runs
        for problem in run["problems"]
    ]
    return "\n".join(lines)


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
