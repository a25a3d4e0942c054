"""The model of docs/scaling.md: from CPU seconds per document to what more machines would carry.

A document costs w CPU seconds in the service, n in Neo4j, b in RabbitMQ (and c in the collector that measures). On C
cores that all share, P processes reach at most C / (w + n + b + c) documents a second, and at most P / w, as one
process is one loop on one core.
"""

import math
from typing import Any

from benchmarks.report.studies import table

Study = dict[str, Any]
TIMES = (1, 10, 100, 1000)
HEADROOM = 0.7
"""Share of a core that is planned for work: queues grow without bound towards 1."""


def _usual(study: Study) -> dict[str, Any]:
    """Return the row to reckon with: two processes, a full queue."""
    rows = {row["processes"]: row for row in study["processes"] if row["rate"]}
    return rows.get(2) or next(iter(rows.values()))


def cost(study: Study) -> str:
    """Return what a document costs, by component."""
    cpu = _usual(study)["cpu"]
    titles = {"worker": "service", "neo4j": "Neo4j", "broker": "RabbitMQ"}
    return table(
        ["component", "CPU ms per document", "documents/s of one core"],
        [[title, f"{cpu[group]:.2f}", f"{1000 / cpu[group]:,.0f}"] for group, title in titles.items()],
    )


def processes(study: Study) -> str:
    """Return the model beside what was measured."""
    rows = []
    for row in study["processes"]:
        if not row["rate"]:
            continue
        each = sum(row["cpu"].values()) / 1000
        by_cores, by_loops = study["cpus"] / each, row["processes"] * 1000 / row["cpu"]["worker"]
        limit = "one loop" if by_loops < by_cores else "the cores"
        most = min(by_cores, by_loops)
        rows.append([row["processes"], f"{most:,.0f}", limit, f"{row['rate']:,.0f}", f"{row['rate'] / most:.0%}"])
    return table(["processes", "model: at most", "limited by", "measured", "of the model"], rows)


def loads(study: Study) -> str:
    """Return what 1, 10, 100 and 1,000 times the load would need."""
    row = _usual(study)
    rows = []
    for times in TIMES:
        rate = row["rate"] * times
        needs = [math.ceil(rate * row["cpu"][group] / 1000 / HEADROOM) for group in ("worker", "neo4j", "broker")]
        rows.append([f"{times:,} ×", f"{rate:,.0f}", *(f"{need:,}" for need in needs)])
    return table(["load", "documents/s", "service processes", "Neo4j cores", "RabbitMQ cores"], rows)
