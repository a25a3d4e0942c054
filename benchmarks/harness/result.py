"""What one run gave."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Result:
    """What one run gave. Times in seconds, memory in megabytes, latencies in milliseconds."""

    system: str
    kind: str
    """`throughput` or `latency`."""
    documents: int
    round: int = 0
    problems: list[str] = field(default_factory=list)
    """Why the run does not count; empty when all checks held."""
    seconds: float | None = None
    """From the completion that makes a tenth to the last."""
    rate: float | None = None
    """Documents a second in that time."""
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds per 1,000 documents, by group of processes."""
    memory: float | None = None
    """Peak of the workers' resident sizes."""
    p50: float | None = None
    p99: float | None = None
    at: float = field(default_factory=time.time)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def line(result: Result) -> str:
    """Return a run in one line."""
    head = f"{result.system:22} {result.documents:6}"
    if result.problems:
        return f"{head}  FAILED: {'; '.join(result.problems)}"
    if result.kind == "latency":
        return f"{head}  p50 {result.p50} ms  p99 {result.p99} ms"
    cpu = " / ".join(f"{result.cpu[group]:.2f}" for group in ("worker", "neo4j", "broker", "collector"))
    return f"{head}  {result.rate:7.0f}/s   CPU s per 1,000: {cpu}   {result.memory:.0f} MB"
