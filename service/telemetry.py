"""What operators see: the catalogue of metrics, and the log's shape. One place for every name."""

import logging
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas import Reason

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one process. Names end in their unit; labels are closed sets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._completed = Counter(
            "docgraph_events_completed", "Events answered, by kind and outcome", ("kind", "outcome"), registry=registry
        )
        self._failed = Counter("docgraph_events_failed", "Events given up, by reason", ("reason",), registry=registry)
        self._retried = Counter(
            "docgraph_events_retried",
            "Events sent to a retry tier, by its delay",
            ("delay_seconds",),
            registry=registry,
        )
        self._celery = Counter(
            "docgraph_celery_tasks", "Celery tasks, by what their caller was told", ("state",), registry=registry
        )
        self._duration = Histogram(
            "docgraph_event_duration_seconds",
            "From taking a message to its committed transaction",
            ("kind",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_size = Histogram(
            "docgraph_batch_events",
            "Events that shared a transaction",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=registry,
        )
        self.transaction = Histogram(
            "docgraph_transaction_duration_seconds",
            "One write transaction, retries included",
            buckets=_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge("docgraph_events_waiting", "Events that wait for a transaction", registry=registry)
        self._fetches = Histogram(
            "docgraph_fetch_duration_seconds",
            "One fetch of a document, by scheme and outcome: fetched, not_modified, cancelled, or a reason",
            ("scheme", "outcome"),
            buckets=_SECONDS,
            registry=registry,
        )
        for reason in Reason:  # so that a rate can be taken before the first failure
            self._failed.labels(reason.value)

    def completed(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an answered event."""
        self._completed.labels(kind, outcome).inc()
        self._duration.labels(kind).observe(seconds)

    def fetched(self, scheme: str, outcome: str, seconds: float) -> None:
        """Count a fetch, whatever came of it."""
        self._fetches.labels(scheme, outcome).observe(seconds)

    def failed(self, reason: Reason) -> None:
        """Count an event that was given up."""
        self._failed.labels(reason.value).inc()

    def celery_task(self, state: str) -> None:
        """Count a Celery task that was answered, or waits for its ETA."""
        self._celery.labels(state).inc()

    def retried(self, delay: float) -> None:
        """Count an event that will be tried again."""
        self._retried.labels(f"{delay:g}").inc()


def configure_logging(level: str, style: str) -> None:
    """Send every log line of the process to standard error, in one shape.

    Args:
        level: least level that is shown.
        style: `console`, `json`, or `auto`: console on a terminal.

    """
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    last = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    if not console:
        last.insert(0, structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn and FastStream bring handlers of their own; probes would fill the access log.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "faststream.access.rabbit"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Failed connections are told by whoever asked for them.
    logging.getLogger("aiormq.connection").setLevel(logging.CRITICAL)
    # So are transactions that fail: the driver warns of each run of one, many times a second while Neo4j is away.
    logging.getLogger("neo4j.session").setLevel(logging.ERROR)
    for name in ("uvicorn.access", "aio_pika", "aiormq", "neo4j", "faststream"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
