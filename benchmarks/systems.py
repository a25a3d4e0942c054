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


def _service(name: str, title: str, *, processes: int = 1, fulltext: bool = True, **more: bool) -> System:
    """Return the service as users run it."""
    command = SERVICE if processes == 1 else (*SERVICE, "--workers", str(processes))
    return System(name, title, command, "service", {"processes": processes}, ".venv", fulltext=fulltext, **more)


SYSTEMS = (
    _service("service", "docgraph", short=True, large=True, latency=True),
    _service("service-2", "docgraph, 2 processes", processes=2, short=True, large=True, latency=True),
    _service("service-no-journals", "docgraph, without journals", journals=False, short=True),
    _service("service-2-no-journals", "docgraph, 2 processes, without journals", processes=2, journals=False),
    _service("service-bare", "docgraph, without journals and full-text indexes", journals=False, fulltext=False),
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
)
