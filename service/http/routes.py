"""Paths and what answers them."""

import os
from typing import Any

from faststream.asgi import AsgiFastStream
from faststream.rabbit import RabbitBroker
from prometheus_client import CollectorRegistry, make_asgi_app, multiprocess

from service.http.asyncapi import asyncapi_routes
from service.http.health import health_routes

Route = tuple[str, Any]


def routes(app: AsgiFastStream, broker: RabbitBroker, registry: CollectorRegistry) -> list[Route]:
    """Return every path of the service with its ASGI app."""
    return [*health_routes(app, broker), ("/metrics", _metrics(registry)), *asyncapi_routes(app)]


def _metrics(registry: CollectorRegistry) -> Any:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # `--workers N`: one process answers for all
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return make_asgi_app(registry)
