"""The aio-pika side of the async peers: a confirmed, persistent completion."""

import os
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractRobustConnection

from benchmarks.names import COMPLETIONS, PROCESSED

Publish = Callable[[bytes], Awaitable[Any]]


async def connect() -> AbstractRobustConnection:
    """Connect to the benchmark's broker."""
    return await aio_pika.connect_robust(os.environ["RABBITMQ_URL"])


async def completions(connection: AbstractRobustConnection) -> Publish:
    """Return a function that publishes a completion and waits for its confirm."""
    channel = await connection.channel(publisher_confirms=True)
    exchange: AbstractExchange = await channel.get_exchange(COMPLETIONS, ensure=False)

    async def publish(body: bytes) -> None:
        await exchange.publish(persistent(body), PROCESSED)

    return publish


def persistent(body: bytes) -> aio_pika.Message:
    """Return a message that survives a restart of the broker."""
    return aio_pika.Message(
        body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
    )


@asynccontextmanager
async def publishing():
    """A connection of its own for completions."""
    async with await connect() as connection:
        yield await completions(connection)
