"""Which stage of a document's way through the service a sampled stack belongs to."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

STAGES = {
    "receive": r"(aiormq|aio_pika|pamqp)/",
    "decode and validate": r"schemas/(events|fields)\.py:(read|order|_has|_check|_)|handlers/documents\.py:read",
    "parse": r"service/ingest/(formats/|charsets|language|media_types|ingestor|source|preparation|parsed|options)",
    "split": r"service/ingest/(split|boundaries)",
    "keywords": r"service/ingest/(keywords|terms|plurals|stopwords|chinese)|service/documents",
    "ids and hashes": r"service/ingest/plan",
    "plan": r"service/graph/(plan|properties|changes)",
    "driver": r"neo4j/|service/graph/(writer|driver|failures)",
    "commit": r"service/graph/committer|service/lifespan",
    "completion": r"schemas/(completions|identity|events\.py:write)|service/handlers/|service/delivery/envelope",
    "publish": r"service/delivery/(outbox|publishing)|aiormq/channel\.py:(basic_publish|_confirm)|aio_pika/exchange",
    "acknowledge": r"service/delivery/(acknowledger|settlement)|aiormq/channel\.py:basic_(ack|nack|reject)",
    "framework": r"faststream/|fast_depends/|anyio/|service/delivery/(subscriber|quarantine)|service/app",
    "metrics and logging": r"prometheus_client/|structlog/|logging/|service/telemetry",
    "event loop": r"asyncio/|uvicorn/|uvloop|selectors",
}
"""Stage and the frames that belong to it. The innermost frame that belongs to any decides."""
LAST = ("receive", "event loop")
"""Stages that a stack belongs to only when no frame of it belongs to another: all others rest on these libraries."""
OTHER = "other"
_OUTSIDE = re.compile(
    r"(asyncio/runners|uvloop/__init__|uvicorn/|faststream/_internal/cli|faststream/asgi/app|anyio/_backends)"
)
"""Where a stack leaves the event loop for what started the process."""

_FIRST = [(stage, re.compile(rule)) for stage, rule in STAGES.items() if stage not in LAST]
_LAST = [(stage, re.compile(STAGES[stage])) for stage in LAST]


def stage_of(stack: Sequence[str]) -> str:
    """Return the stage of a stack: `path:function`, innermost first."""
    inside = list(takewhile(lambda frame: not _OUTSIDE.match(frame), stack))
    if not inside:
        return "event loop"
    for rules in (_FIRST, *([rule] for rule in _LAST)):
        for frame in inside:
            for stage, rule in rules:
                if rule.match(frame):
                    return stage
    return OTHER


def microseconds(stacks: Sequence[tuple[Sequence[str], int]], cpu: float, documents: int) -> dict[str, float]:
    """Return CPU microseconds a document by stage, the largest first.

    Args:
        stacks: sampled stacks with how often each was seen.
        cpu: CPU seconds of the process in that time; the samples say how they divide.
        documents: documents of that time.

    """
    counts: Counter[str] = Counter()
    for stack, count in stacks:
        counts[stage_of(stack)] += count
    per_sample = cpu / max(counts.total(), 1) / documents * 1e6
    return {stage: round(count * per_sample, 1) for stage, count in counts.most_common()}
