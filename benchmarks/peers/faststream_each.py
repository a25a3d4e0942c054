"""FastStream as it comes: a subscriber, a publisher, one transaction for each message."""

import os
from contextlib import asynccontextmanager
from typing import Annotated, Any

import neo4j
from faststream import Depends, FastStream
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue

from benchmarks import graph, job
from benchmarks.names import COMPLETIONS, PROCESSED, QUEUE

PREFETCH = 32

broker = RabbitBroker(os.environ.get("RABBITMQ_URL", "amqp://127.0.0.1:5672/"), logger=None)
answers = RabbitExchange(COMPLETIONS, type=ExchangeType.TOPIC)


@asynccontextmanager
async def lifespan():
    async with graph.async_driver() as driver:
        await driver.verify_connectivity()
        app.context.set_global("driver", driver)
        yield


app = FastStream(broker, lifespan=lifespan)


async def driver_of_app() -> neo4j.AsyncDriver:
    # Faster than `Context("driver")`, which FastStream resolves in a thread.
    return app.context.get("driver")


@broker.publisher(exchange=answers, routing_key=PROCESSED, persist=True)
@broker.subscriber(RabbitQueue(QUEUE, durable=True), channel=Channel(prefetch_count=PREFETCH))
async def process(
    event: dict[str, Any], driver: Annotated[neo4j.AsyncDriver, Depends(driver_of_app, cast=False)]
) -> bytes:
    row = job.prepare(event)
    await graph.write(driver, [row])
    return job.completion(row)
