"""The composition root: settings, then resources, then broker, then the ASGI app. The only module that knows them all.

faststream run service.app:app
uvicorn service.app:app
"""

from functools import partial

from faststream.rabbit import Channel, RabbitBroker
from faststream.specification import AsyncAPI
from prometheus_client import CollectorRegistry
from yarl import URL

from schemas import DocumentFailed
from service import __version__
from service.delivery.acknowledger import Acknowledger
from service.delivery.connection import ServiceConnection
from service.delivery.consumers import wake_waiters
from service.delivery.outbox import APP_ID, Outbox
from service.delivery.quarantine import Quarantine
from service.delivery.settlement import Settlement
from service.delivery.subscriber import Line
from service.delivery.topology import COMPLETIONS, Topology
from service.delivery.watch import reconnected, watch_consumers
from service.errors import StartupError
from service.handlers import Dependencies, crashes_router, documents_router
from service.http import routes
from service.lifecycle import StrictAsgiFastStream
from service.lifespan import lifespan_of
from service.settings import Settings
from service.telemetry import Metrics


def build_app(settings: Settings) -> StrictAsgiFastStream:
    """Return an app of its own: nothing is shared with another one, nothing is opened until it runs."""
    topology = Topology(
        retry_delays=settings.retry_delays,
        delivery_limit=settings.delivery_limit,
        journal_max_age=settings.journal_max_age,
        journal_max_bytes=settings.journal_max_bytes,
    )
    metrics = Metrics(CollectorRegistry())

    async def declare_again(_: object) -> None:
        await reconnected(broker, topology)

    broker = RabbitBroker(
        _with_name_and_heartbeat(settings.rabbitmq_url),
        app_id=APP_ID,
        default_channel=Channel(on_return_raises=True),
        graceful_timeout=settings.shutdown_grace,
        reconnect_interval=1.0,
        on_reconnected=[declare_again],
        on_close=[wake_waiters],
        specification_url="amqp://rabbitmq.example.com:5672/",
        description="RabbitMQ 3.10 or newer, with quorum queues and streams",
        # It would log two lines a message, and a traceback for each that a lost channel cuts off. The settlement logs.
        logger=None,
    )
    # FastStream has no option for it; covered by tests of starts that are given up.
    broker._connection_kwargs["connection_class"] = ServiceConnection  # noqa: SLF001
    failures = broker.publisher(
        exchange=COMPLETIONS,
        routing_key=DocumentFailed.kind,
        persist=True,
        title="DocumentFailed",
        description="An input was given up and lies in the queue documents.dead.",
        schema=DocumentFailed,
    )
    line = Line(
        Settlement(
            broker,
            failures,
            Acknowledger(),
            metrics,
            topology=topology,
            max_message=settings.max_message_bytes,
            timeout=settings.hold_timeout,
        ),
        Outbox(broker, COMPLETIONS, timeout=settings.hold_timeout),
        Quarantine(),
    )
    app = StrictAsgiFastStream(
        broker,
        watch=partial(watch_consumers, broker, topology),
        lifespan=lifespan_of(settings, broker, topology, metrics, line),
        specification=AsyncAPI(
            title="docgraph",
            version=__version__,
            description=(
                "Publish a document event to the exchange `documents`; get a searchable knowledge graph in Neo4j and a "
                "completion event on the exchange `documents.completions`."
            ),
            license={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        ),
    )
    # The broker's context: it holds the message at hand, and the app's context behind it.
    dependencies = Dependencies(broker.context)
    limits = {"prefetch": settings.prefetch, "max_message": settings.max_message_bytes}
    broker.include_router(documents_router(line, dependencies, topology, **limits))
    broker.include_router(crashes_router(line, topology))
    for path, route in routes(app, broker, metrics.registry):
        app.mount(path, route)
    return app


def _with_name_and_heartbeat(url: str) -> str:
    """Name the connection in RabbitMQ's lists, and notice a frozen broker within two heartbeats."""
    given = URL(url)
    return str(given.update_query({"name": "docgraph", "heartbeat": "15", **given.query}))


def _app() -> StrictAsgiFastStream:
    try:
        return build_app(Settings.load())
    except StartupError as error:
        raise SystemExit(f"docgraph cannot start: {error}") from None


app = _app()
