"""taskiq on RabbitMQ: one loop per worker, driver and connection opened at its start and kept in its state."""

import os
from contextlib import asynccontextmanager
from typing import Annotated, Any

from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker, Queue, QueueType

from benchmarks import graph, job
from benchmarks.peers.rabbit import completions, connect

broker = AioPikaBroker(
    os.environ.get("RABBITMQ_URL"),
    qos=32,
    # Its default is a quorum queue; classic here, as for the other peers.
    task_queues=[Queue(type=QueueType.CLASSIC)],
)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def startup(state: TaskiqState) -> None:
    state.driver = graph.async_driver()
    await state.driver.verify_connectivity()
    state.connection = await connect()
    state.publish = await completions(state.connection)


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def shutdown(state: TaskiqState) -> None:
    await state.connection.close()
    await state.driver.close()


@broker.task
async def process(event: dict[str, Any], context: Annotated[Context, TaskiqDepends()]) -> None:
    row = job.prepare(event)
    await graph.write(context.state.driver, [row])
    await context.state.publish(job.completion(row))


@asynccontextmanager
async def submitting():
    await broker.startup()
    yield process.kiq
    await broker.shutdown()
