"""From single runs to one line a system: minimum, median, maximum, and ratios within the rounds."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = dict[str, Any]
FLOOR, CELERY = "floor", "celery_sync"
GROUPS = ("worker", "neo4j", "broker")


@dataclass(frozen=True, slots=True)
class Range:
    """The least, the middle and the greatest of some figures."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> "Range | None":
        """Return the range; None of no figures."""
        known = sorted(figures)
        return cls(known[0], median(known), known[-1]) if known else None


@dataclass(frozen=True, slots=True)
class Row:
    """One system at one number of documents."""

    system: str
    documents: int
    runs: int
    failed: list[str]
    """What was wrong with the runs that do not count."""
    rate: Range | None
    to_floor: Range | None
    to_celery: Range | None
    cpu: dict[str, Range]
    memory: Range | None


@dataclass(frozen=True, slots=True)
class Wait:
    """The latency of one system."""

    system: str
    runs: int
    failed: list[str]
    p50: Range | None
    p99: Range | None


def throughput_rows(runs: list[Run]) -> list[Row]:
    """Return a row for each system and number of documents, the fastest first, the failed last."""
    mine = [run for run in runs if run["kind"] == "throughput"]
    keys = {(run["system"], run["documents"]) for run in mine}
    base = max((run["documents"] for run in mine if run["system"] == FLOOR), default=0)
    base = min((run["documents"] for run in mine if run["system"] == FLOOR), default=base)
    rows = [_row(system, documents, mine, base) for system, documents in keys]
    return sorted(rows, key=lambda row: (row.rate is None, -(row.rate.middle if row.rate else 0), row.system))


def latency_rows(runs: list[Run]) -> list[Wait]:
    """Return a row for each system, the lowest p99 first."""
    mine = [run for run in runs if run["kind"] == "latency"]
    rows = []
    for system in {run["system"] for run in mine}:
        all_ = [run for run in mine if run["system"] == system]
        good = [run for run in all_ if not run["problems"]]
        failed = [problem for run in all_ for problem in run["problems"]]
        p50, p99 = (Range.of(run[name] for run in good) for name in ("p50", "p99"))
        rows.append(Wait(system, len(all_), failed, p50, p99))
    return sorted(rows, key=lambda row: (row.p99 is None, row.p99.middle if row.p99 else 0))


def _row(system: str, documents: int, runs: list[Run], base: int) -> Row:
    mine = [run for run in runs if run["system"] == system and run["documents"] == documents]
    good = [run for run in mine if not run["problems"]]
    return Row(
        system=system,
        documents=documents,
        runs=len(mine),
        failed=[problem for run in mine for problem in run["problems"]],
        rate=Range.of(run["rate"] for run in good),
        to_floor=_ratio(good, runs, FLOOR, base),
        to_celery=_ratio(good, runs, CELERY, base),
        cpu={group: found for group in GROUPS if (found := Range.of(run["cpu"][group] for run in good))},
        memory=Range.of(run["memory"] for run in good),
    )


def _ratio(mine: list[Run], runs: list[Run], to: str, base: int) -> Range | None:
    """Return how the rates compare to those of another system in the same rounds.

    A run is compared with one of as many documents if there is one, else with the usual number.
    """
    ratios = []
    for run in mine:
        same_round = [r for r in runs if r["system"] == to and r["round"] == run["round"] and not r["problems"]]
        by_size = {r["documents"]: r["rate"] for r in same_round}
        if other := by_size.get(run["documents"], by_size.get(base)):
            ratios.append(run["rate"] / other)
    return Range.of(ratios)
