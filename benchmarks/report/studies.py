"""The results of the studies. Each is a JSON file with a Markdown table beside it."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Study = dict[str, Any]
GROUPS = ("worker", "neo4j", "broker", "collector")


def conclude(name: str, study: Study, out: Path | None) -> None:
    """Print the study's tables; write both, if a file is given.

    Raises:
        SystemExit: the study found a problem.

    """
    text = TABLES[name](study)
    print(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"study": name} | study, indent=1) + "\n")
        out.with_suffix(".md").write_text(text)
    if study["problems"]:
        sys.exit(f"{name}: {len(study['problems'])} checks failed, such as: {study['problems'][0]}")


def percentiles(figures: Iterable[float]) -> dict[str, float]:
    """Return count, median, 99th percentile and maximum; nothing of nothing."""
    known = sorted(figures)
    if not known:
        return {}
    at = {"p50": known[len(known) // 2], "p99": known[int(len(known) * 0.99)], "max": known[-1]}
    return {"count": len(known)} | {name: round(value, 2) for name, value in at.items()}


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _profile(study: Study) -> str:
    stages = study["stages"]
    total = sum(stages.values())
    rows = [[stage, f"{each:.0f}", f"{each / total:.0%}"] for stage, each in stages.items()]
    return "\n\n".join(
        [
            "# Where the time goes",
            f"CPU of one service process in steady work, by `python -m benchmarks.profile`: {study['samples']:,} "
            f"samples over {study['documents']:,} documents.",
            table(["stage", "CPU µs per document", "share"], [*rows, ["**all**", f"**{total:.0f}**", ""]]),
            *_problems(study),
            "",
        ]
    )


def _loop_lag(study: Study) -> str:
    rows = [
        [row["load"], _of(row["lag"]), _of(row["short"]), _of(row["long"]), f"{row['cpu']:.0%}"]
        for row in study["loads"]
    ]
    return "\n\n".join(
        [
            "# Lag of the event loop under mixed load",
            f"One service process, {study['rate']:.0f} short documents a second, {study['seconds']:.0f} s each load, "
            "by `python -m benchmarks.loop_lag`. Milliseconds: median / 99th percentile / maximum.",
            table(["load", "lag of the loop", "short documents", "heavy documents", "CPU of the process"], rows),
            *_problems(study),
            "",
        ]
    )


def _scale(study: Study) -> str:
    usual = study["processes"]
    fill = [
        [
            row["processes"],
            f"{row['rate']:,.0f}" if row["rate"] else "**failed**",
            *(f"{row['cpu'][group] * row['rate'] / 1000:.2f}" if row["rate"] else "" for group in GROUPS),
            *(f"{row['cpu'][group]:.2f}" if row["rate"] else "" for group in GROUPS),
            f"{row['memory'] or 0:.0f}",
            row["deadlocks"],
        ]
        for row in usual
    ]
    shapes = [
        [row["shape"], f"{row['rate']:,.0f}" if row["rate"] else "**failed**", row["deadlocks"]]
        for row in study["shapes"]
    ]
    large = [
        [f"{row['chunks']:,}", f"{row['seconds']:.2f}", f"{row['chunks'] / row['seconds']:,.0f}"]
        for row in study["chunks"]
    ]
    versions = study["versions"]
    outcomes = ", ".join(f"{count} {name}" for name, count in versions["outcomes"].items())
    cores = [f"{group}: cores busy" for group in GROUPS]
    cost = [f"{group}: CPU s per 1,000" for group in GROUPS]
    return "\n\n".join(
        [
            "# Scale",
            f"By `python -m benchmarks.scale`; {study['cpus']} cores for all, a full queue of {study['documents']:,} "
            f"documents, one RabbitMQ, one Neo4j. Deadlocks in all parts together: **{study['deadlocks']}**.",
            "## Processes",
            table(["processes", "documents/s", *cores, *cost, "peak MB", "deadlocks"], fill),
            "## Popular keywords, two processes",
            table(["keywords", "documents/s", "deadlocks"], shapes),
            "## One document, many versions, two processes",
            f"{versions['versions']:,} versions of one document among as many others: {versions['seconds']} s, "
            f"{outcomes}, {versions['deadlocks']} deadlocks. The newest version stands in the graph.",
            "## Large documents",
            table(["chunks", "seconds to the completion", "chunks/s"], large),
            *_problems(study),
            "",
        ]
    )


def _steps(study: Study) -> str:
    rows = [
        [step["title"], f"{step['rate']:.2f}", f"{step['cpu']:.2f}", f"{step['worker']:.2f}", step["runs"]]
        for step in study["steps"]
    ]
    head = ["the service with", "documents/s", "CPU of all", "CPU of the service", "runs"]
    return "\n\n".join(
        [
            "# What each step is worth",
            f"By `python -m benchmarks.steps`; {study['documents']:,} documents, one process. Figures are multiples of "
            "the service as it is, medians of ratios within one round: below 1.00 in the first column, or above it in "
            "the others, is what the step gains.",
            table(head, rows),
            *_problems(study),
            "",
        ]
    )


def _bridge(study: Study) -> str:
    titles = {
        "bridge": f"the bridge, {study['processes']} process(es) of the service",
        "celery": f"Celery prefork, sync driver, {study['celery_processes']} processes",
    }
    rows = [[titles[name], ", ".join(f"{rate:,.0f}" for rate in rates)] for name, rates in study["rates"].items()]
    return "\n\n".join(
        [
            "# The Celery bridge beside a Celery worker",
            f"By `python -m benchmarks.bridge`; {study['documents']:,} tasks of a real Celery client that wants its "
            "results by `rpc://`, in a full queue. The bridge does them with all that docgraph promises: a journal, "
            "a completion and a result for each, confirmed before the task is acknowledged, and full-text indexes.",
            table(["who takes the tasks", "tasks/s in each round"], rows),
            f"Median of the ratios within a round: **{study['ratio']:.2f}**.",
            *_problems(study),
            "",
        ]
    )


def _roundtrip(study: Study) -> str:
    rows = [
        [row["name"], f"{row['ms']:.2f}", f"{row['ratio']:.2f}", f"{row['cpu']:.2f}", f"{row['cpu_ratio']:.2f}"]
        for row in study["rows"]
    ]
    return "\n\n".join(
        [
            "# Round trip of one document",
            f"By `python -m benchmarks.roundtrip`; {study['rounds']} round trips each, in turns, one at a time: submit "
            "a small document, wait for its completion. Medians.",
            table(["client", "ms", "× raw", "CPU ms of the client", "× raw"], rows),
            *_problems(study),
            "",
        ]
    )


def _of(figures: dict[str, float]) -> str:
    return f"{figures['p50']:.1f} / {figures['p99']:.1f} / {figures['max']:.0f}" if figures else ""


def _problems(study: Study) -> list[str]:
    return [f"**Failed checks:** {study['problems']}"] if study.get("problems") else []


TABLES: dict[str, Callable[[Study], str]] = {
    "profile": _profile,
    "loop_lag": _loop_lag,
    "scale": _scale,
    "steps": _steps,
    "bridge": _bridge,
    "roundtrip": _roundtrip,
}
