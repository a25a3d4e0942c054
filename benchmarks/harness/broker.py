"""What a run asks of RabbitMQ: journals off, queues there, consumed, empty."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aio_pika

from benchmarks.names import ANSWERS, COMPLETIONS


async def unbind_journals(environment: Mapping[str, str]) -> None:
    """Take the journals off the two exchanges; the service binds them again at its next start."""
    async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        for exchange in ("documents", COMPLETIONS):
            journal = await channel.get_queue(f"{exchange}.journal", ensure=False)
            await journal.unbind(exchange, "#")


async def depths(environment: Mapping[str, str], queues: list[str]) -> dict[str, int]:
    """Return the queues that are not empty. Asked of the queue itself: lists of a quorum queue are seconds old."""
    depths = {}
    async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
        for name in queues:
            async with connection.channel() as channel:
                queue = await channel.declare_queue(name, passive=True)
                depths[name] = queue.declaration_result.message_count
    return {name: count for name, count in depths.items() if count and name != ANSWERS}


async def exists(connection: Any, queue: str) -> bool:
    try:
        async with connection.channel() as channel:
            await channel.declare_queue(queue, passive=True)
    except aio_pika.exceptions.ChannelNotFoundEntity:
        return False
    return True


async def appears(connection: Any, queue: str) -> None:
    while not await exists(connection, queue):
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)  # bindings follow


async def consumed(connection: Any, queue: str) -> None:
    """Wait until somebody consumes the queue."""
    async with connection.channel() as channel:
        while not (await channel.declare_queue(queue, passive=True)).declaration_result.consumer_count:
            await asyncio.sleep(0.1)
