"""Connections that may be lost at any moment: whoever uses one tries again on a fresh one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

LOST = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""How the loss of a connection, a channel or a confirm shows."""
ANSWERS_WITHIN = 5.0
"""Seconds for a connection or a confirm, as in RabbitMQ's Jepsen tests; a frozen broker gives neither."""
PAUSE = 0.1
"""Seconds between two attempts to connect."""


@asynccontextmanager
async def a_channel(url: str) -> AsyncGenerator[AbstractChannel, None]:
    """Open a connection and a channel; close both, without waiting for a broker that does not answer."""
    # Not `aio_pika.connect`: it drops a connection that was refused, and those of a minute's outage are closed by the
    # garbage collector at a time when no loop runs.
    connection = aio_pika.Connection(make_url(url))
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            await connection.connect()
            channel = await connection.channel(on_return_raises=True)
        yield channel
    finally:
        with suppress(*LOST):
            async with asyncio.timeout(ANSWERS_WITHIN):
                await connection.close()
