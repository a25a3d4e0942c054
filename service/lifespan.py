"""What a process holds open while it works: opened in order, once, inside its loop; closed in reverse."""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from aio_pika.exceptions import AMQPConnectionError, AMQPError, AuthenticationError, ProbableAuthenticationError
from faststream import ContextRepo
from faststream.rabbit import RabbitBroker
from neo4j import AsyncDriver

from service.background import at_most, in_background
from service.bridge.setup import celery_bridge
from service.delivery.subscriber import Line
from service.delivery.topology import Topology, declare
from service.errors import StartupError
from service.fetch_options import fetch_options
from service.graph.changes import Answer, Change
from service.graph.committer import Committer, Write
from service.graph.driver import GraphAddress, connect, open_driver
from service.graph.registers import Registers
from service.graph.schema import apply_schema
from service.graph.sweeper import Sweeper
from service.graph.writer import GraphWriter
from service.handlers.pipeline import Pipeline
from service.ingest.fetching.fetcher import Fetcher
from service.ingest.ingestor import Ingestor
from service.ingest.options import IngestOptions
from service.lifecycle import PATIENCE
from service.settings import Settings
from service.telemetry import Metrics, configure_logging

COLLECT_AFTER = 20_000
"""New objects until the youngest are looked through; Python's own 700 is made for small programs."""

Lifespan = Callable[[ContextRepo], AbstractAsyncContextManager[None]]


def lifespan_of(settings: Settings, broker: RabbitBroker, topology: Topology, metrics: Metrics, line: Line) -> Lifespan:
    """Return the lifespan of one app.

    It puts `driver`, `database`, `committer` and `pipeline` in the context, where handlers and health checks find them.
    FastStream runs it in each worker process, after the fork: one driver per process.
    """

    @asynccontextmanager
    async def lifespan(context: ContextRepo) -> AsyncGenerator[None, None]:
        configure_logging(settings.log_level, settings.log_format)
        deadline = time.monotonic() + settings.startup_timeout
        async with AsyncExitStack() as stack:
            # Connected here and not by the broker's start: until then a SIGTERM could not end its reconnecting.
            await _connect_broker(broker, deadline)
            stack.push_async_callback(_stop, broker)
            await _declare(broker, topology, settings.startup_timeout)
            driver = await stack.enter_async_context(_graph(settings, deadline))
            writer = GraphWriter(driver, settings.neo4j_database, settings.graph_timeout)
            committer = Committer(
                _measured(writer, metrics),
                writer.probe,
                batch_size=settings.batch_size,
                transactions=settings.transactions,
                hold=settings.hold_timeout,
            )
            # Nobody waits for what is not committed by now: its message has been given back.
            stack.push_async_callback(committer.drain)
            stack.callback(committer.abandon)
            fetcher = await stack.enter_async_context(Fetcher(fetch_options(settings), metrics.fetched))
            ingestor = await stack.enter_async_context(Ingestor(ingest_options(settings), fetcher=fetcher))
            sweeper = Sweeper(
                driver, settings.neo4j_database, interval=settings.sweep_interval, grace=settings.orphan_grace
            )
            await stack.enter_async_context(in_background("sweeper", sweeper.run()))
            metrics.waiting.set_function(lambda: committer.waiting)
            registers = Registers(
                driver, settings.neo4j_database, timeout=settings.graph_timeout, hold=settings.hold_timeout
            )
            pipeline = Pipeline(ingestor, committer, registers, metrics)
            for name, resource in {
                "driver": driver,
                "database": settings.neo4j_database,
                "committer": committer,
                "pipeline": pipeline,
            }.items():
                context.set_global(name, resource)
            _calm_the_collector()
            # Last, as it takes work at once.
            context.set_global("bridge", await celery_bridge(settings, stack, pipeline, line, metrics))
            yield

    return lifespan


def ingest_options(settings: Settings) -> IngestOptions:
    """Return what the settings say of documents."""
    return IngestOptions(
        chunk_size=settings.chunk_size,
        chunk_overlap=settings.chunk_overlap,
        keywords_per_chunk=settings.keywords_per_chunk,
        workers=settings.parser_processes,
        parse_timeout=settings.parser_timeout,
        memory_limit=settings.parser_memory_bytes,
        max_document=settings.max_document_bytes,
        cpu_seconds=settings.parser_cpu_seconds,
        max_characters=settings.max_document_characters,
        max_unpacked=settings.max_unpacked_bytes,
        max_compression_ratio=settings.max_compression_ratio,
        max_nesting=settings.max_nesting,
        max_pages=settings.max_document_pages,
        max_chunks=settings.max_document_chunks,
    )


def _calm_the_collector() -> None:
    """Let Python's cycle collector leave alone what is there for good, and look less often at what comes and goes.

    Some hundred messages in flight hold thousands of objects that it would look through again and again; hardly any
    of them is part of a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


async def _connect_broker(broker: RabbitBroker, deadline: float) -> None:
    where = "expected RabbitMQ to accept a connection"
    while True:
        try:
            async with asyncio.timeout(max(deadline - time.monotonic(), 1)):
                await broker.connect()
        except (AuthenticationError, ProbableAuthenticationError) as error:
            msg = f"RABBITMQ_URL: {where}, but it refuses the user or its password ({error})"
            raise StartupError(msg) from None
        except (AMQPConnectionError, OSError, TimeoutError) as error:
            if "NOT_ALLOWED" in str(error):
                msg = f"RABBITMQ_URL: {where}, but it refuses the vhost ({error})"
                raise StartupError(msg) from None
            if time.monotonic() > deadline:
                msg = f"RABBITMQ_URL: {where} in time, got {str(error) or 'no answer'}"
                raise StartupError(msg) from None
            await asyncio.sleep(0.5)
        except AMQPError as error:
            msg = f"RABBITMQ_URL: {where}, got {error}"
            raise StartupError(msg) from None
        else:
            return


async def _stop(broker: RabbitBroker) -> None:
    await at_most(PATIENCE, broker.stop())


async def _declare(broker: RabbitBroker, topology: Topology, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await declare(broker, topology)
    except (AMQPError, OSError) as error:
        why = str(error) or "no answer in time; is there a memory or disk alarm?"
        msg = f"RABBITMQ_URL: expected RabbitMQ to declare the service's exchanges and queues, got {why}"
        raise StartupError(msg) from None


@asynccontextmanager
async def _graph(settings: Settings, deadline: float) -> AsyncGenerator[AsyncDriver, None]:
    address = GraphAddress(
        uri=settings.neo4j_uri,
        username=settings.neo4j_username,
        password=settings.neo4j_password.get_secret_value(),
        database=settings.neo4j_database,
        password_file=settings.neo4j_password_file,
    )
    async with open_driver(address, settings.transactions) as driver:
        remaining = max(deadline - time.monotonic(), 1)
        await connect(driver, address, connections=settings.transactions + 1, timeout=remaining)
        await apply_schema(driver, settings.neo4j_database)
        yield driver


def _measured(writer: GraphWriter, metrics: Metrics) -> Write:
    async def write(changes: Sequence[Change]) -> list[Answer]:
        metrics.batch_size.observe(len(changes))
        with metrics.transaction.time():
            return await writer.write(changes)

    return write
