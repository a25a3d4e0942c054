"""The service with one of its steps towards speed undone: `faststream run benchmarks.harness.undone:app`.

`BENCH_UNDONE` names the step; nothing else differs from `service.app:app`.
"""

import os

import service.delivery.publishing
import service.lifespan
from service.app import app
from service.delivery.acknowledger import Run

__all__ = ["app"]

UNDONE = os.environ.get("BENCH_UNDONE", "")


def _one_by_one(run: Run) -> list[tuple[int, bool]]:
    """Return an acknowledgement for each message instead of one for a run of them."""
    opened, run._open = run._open, []  # noqa: SLF001
    run._settled.clear()  # noqa: SLF001
    return [(tag, False) for tag in opened]


if UNDONE == "runs of acknowledgements":
    Run.take = _one_by_one  # type: ignore[method-assign]
if UNDONE == "publishes in one write":
    service.delivery.publishing.LARGEST_WRITE = 1
if UNDONE == "the calmed collector":
    service.lifespan._calm_the_collector = lambda: None  # noqa: SLF001
