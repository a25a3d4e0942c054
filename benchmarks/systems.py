"""The systems that are compared: how each is started, and with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class System:
    """One row of the tables."""

    name: str
    title: str
    command: tuple[str, ...]
    """Program and arguments; `{port}` becomes a free port."""
    how: str
    """How documents are submitted: see `harness.producer`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that matter, for the tables."""
    venv: str = ".venv-frameworks"
    processes: int = 1
    """How many times the command is started."""
    journals: bool = True
    fulltext: bool = False
    """Whether the full-text indexes of the service's graph are there. The peers are spared them."""
    server: str = ""
    """What it needs besides RabbitMQ and Neo4j: `redis`, `prefect` or `temporal`."""
    documents: int = 0
    """Documents of a run, when it is too slow for as many as the others."""
    short: bool = False
    """Whether `make bench` has it."""
    large: bool = False
    """Whether it also does the large runs."""
    latency: bool = False
    """Whether its latency is measured."""


SERVICE = ("faststream", "run", "service.app:app", "--host", "127.0.0.1", "--port", "{port}")
CELERY = ("celery", "-A", "benchmarks.peers.{}", "worker", "--loglevel", "WARNING", "--without-gossip")
CELERY = (*CELERY, "--without-mingle", "--without-heartbeat")


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return ("python", "-m", f"benchmarks.peers.{module}", *arguments)


def _celery(module: str, *arguments: str) -> tuple[str, ...]:
    return tuple(part.format(module) for part in CELERY) + arguments


def service(name: str, title: str, *, processes: int = 1, fulltext: bool = True, **more: bool) -> System:
    """Return the service as users run it."""
    command = SERVICE if processes == 1 else (*SERVICE, "--workers", str(processes))
    return System(name, title, command, "service", {"processes": processes}, ".venv", fulltext=fulltext, **more)


SYSTEMS = (
    service("service", "docgraph", short=True, large=True, latency=True),
    service("service-2", "docgraph, 2 processes", processes=2, short=True, large=True, latency=True),
    service("service-no-journals", "docgraph, without journals", journals=False, short=True),
    service("service-2-no-journals", "docgraph, 2 processes, without journals", processes=2, journals=False),
    service("service-bare", "docgraph, without journals and full-text", journals=False, fulltext=False, latency=True),
    System(
        "floor",
        "raw aio-pika loop, batches (the floor)",
        _python("floor"),
        "queue",
        {"batch": 128, "transactions": 2, "prefetch": 512},
        venv=".venv",
        short=True,
        large=True,
        latency=True,
    ),
    System(
        "floor-2",
        "raw aio-pika loop, 2 processes",
        _python("floor", "--batch", "256", "--transactions", "1"),
        "queue",
        {"processes": 2, "batch": 256, "transactions": 1, "prefetch": 512},
        venv=".venv",
        processes=2,
        short=True,
        large=True,
    ),
    System(
        "floor-uvloop",
        "raw aio-pika loop on uvloop",
        _python("floor", "--uvloop"),
        "queue",
        {"batch": 128, "transactions": 2, "prefetch": 512},
        venv=".venv",
    ),
    System(
        "floor-256",
        "raw aio-pika loop on uvloop, docgraph's batches",
        _python("floor", "--uvloop", "--batch", "256", "--prefetch", "1024"),
        "queue",
        {"batch": 256, "transactions": 2, "prefetch": 1024},
        venv=".venv",
    ),
    System(
        "raw_each",
        "aio-pika, a transaction per message",
        _python("raw_each"),
        "queue",
        {"prefetch": 32},
        venv=".venv",
        short=True,
        latency=True,
    ),
    System(
        "celery_sync",
        "Celery prefork, sync driver",
        _celery("celery_sync", "--pool", "prefork", "--concurrency", "4"),
        "celery_sync",
        {"processes": 4, "prefetch": 4},
        short=True,
        latency=True,
    ),
    System(
        "celery_threads",
        "Celery threads, sync driver",
        _celery("celery_threads", "--pool", "threads", "--concurrency", "16"),
        "celery_threads",
        {"threads": 16, "prefetch": "unlimited"},
        short=True,
        latency=True,
    ),
    System(
        "celery_loop",
        "Celery prefork, async driver, one loop per process",
        _celery("celery_loop", "--pool", "prefork", "--concurrency", "4"),
        "celery_loop",
        {"processes": 4, "prefetch": 4},
    ),
    System(
        "celery_asyncio_run",
        "Celery prefork, async driver, asyncio.run per task",
        _celery("celery_asyncio_run", "--pool", "prefork", "--concurrency", "4"),
        "celery_asyncio_run",
        {"processes": 4, "prefetch": 4},
        documents=1000,
        short=True,
    ),
    System(
        "celery_asyncio_run-16",
        "Celery prefork with 16 processes, asyncio.run per task",
        _celery("celery_asyncio_run", "--pool", "prefork", "--concurrency", "16"),
        "celery_asyncio_run",
        {"processes": 16, "prefetch": 4},
        documents=2000,
    ),
    System(
        "arq",
        "arq",
        ("arq", "benchmarks.peers.arq_redis.WorkerSettings"),
        "arq_redis",
        {"jobs": 32, "poll delay": "20 ms"},
        server="redis",
        short=True,
        latency=True,
    ),
    System(
        "dramatiq",
        "dramatiq, asyncio middleware",
        ("dramatiq", "benchmarks.peers.dramatiq_async", "--processes", "2", "--threads", "8"),
        "dramatiq_async",
        {"processes": 2, "threads": 8},
        short=True,
        latency=True,
    ),
    System(
        "faststream_each",
        "FastStream, a transaction per message",
        ("faststream", "run", "benchmarks.peers.faststream_each:app"),
        "queue",
        {"prefetch": 32},
        venv=".venv",
        short=True,
        latency=True,
    ),
    System(
        "taskiq",
        "taskiq",
        (
            *("taskiq", "worker", "benchmarks.peers.taskiq_async:broker", "--workers", "1"),
            *("--max-async-tasks", "32", "--log-level", "WARNING"),
        ),
        "taskiq_async",
        {"tasks": 32, "prefetch": 32},
        short=True,
        latency=True,
    ),
    System(
        "prefect",
        "Prefect background tasks",
        _python("prefect_task"),
        "prefect_task",
        {"limit": 32},
        server="prefect",
        documents=200,
    ),
    System(
        "temporal",
        "Temporal workflow and activity",
        _python("temporal_workflow"),
        "temporal_workflow",
        {"activities": 32},
        server="temporal",
        documents=500,
    ),
)
