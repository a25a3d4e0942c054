"""How the loss of a connection shows; the service's connection, which reconnects by itself, and that of one command."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

import aio_pika
from aio_pika import RobustConnection
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ProbableAuthenticationError,
)

from service.delivery.tolerance import tolerate_any_properties
from service.errors import DocgraphError, StartupError

T = TypeVar("T")

CHANNEL_GONE = (AMQPError, ChannelInvalidStateError, OSError)
"""How the loss of a channel or its connection shows. `ChannelInvalidStateError` is no `AMQPError`."""
CONNECT_TIMEOUT = 10.0
"""Seconds until RabbitMQ counts as unreachable."""


class ServiceConnection(RobustConnection):
    """Reconnects by itself once it was connected; until then whoever waits for it may give it up.

    aio-pika's goes on to connect when nobody waits for it any more, and takes the cancellation of that for one more
    failure: an event loop with such a connection never ends, and neither does the process.
    """

    async def connect(self, timeout: float | None = None) -> None:
        """Connect for the first time."""
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


@asynccontextmanager
async def losses_told_apart() -> AsyncGenerator[None, None]:
    """Raise `ConnectionError` where aiormq throws `CancelledError` into who waits: it has missed heartbeats.

    A task that was really cancelled knows of it.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError(str(error) or "the connection was lost") from error


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AbstractConnection, None]:
    """Open a connection for the block.

    Raises:
        StartupError: RabbitMQ cannot be reached or refuses us.
        DocgraphError: the connection or a channel was lost in the block. What was held unacknowledged is back in its
            queue.

    """
    connection = await _connect(url)
    try:
        async with connection:
            yield connection
    except (AMQPError, ChannelInvalidStateError, ConnectionResetError, TimeoutError) as error:
        msg = (
            f"expected RabbitMQ to answer until the end, got {str(error) or type(error).__name__}; "
            "messages that were not settled are back in their queue, run the command again"
        )
        raise DocgraphError(msg) from error


def run_connected(url: str, command: Callable[[AbstractConnection], Coroutine[object, object, T]]) -> T:
    """Run a command in an event loop and with a connection of its own."""

    async def connect_and_run() -> T:
        async with connected(url) as connection:
            return await command(connection)

    return asyncio.run(connect_and_run())


async def _connect(url: str) -> AbstractConnection:
    tolerate_any_properties()
    where = "RABBITMQ_URL: expected RabbitMQ to accept a connection"
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            return await aio_pika.connect(url)
    except (AuthenticationError, ProbableAuthenticationError) as error:
        msg = f"{where}, but it refuses the user or its password ({error})"
    except (AMQPConnectionError, OSError, TimeoutError) as error:
        if "NOT_ALLOWED" in str(error):
            msg = f"{where}, but it refuses the vhost ({error})"
        else:
            msg = f"{where}, got {str(error) or 'no answer'}"
    except AMQPError as error:
        msg = f"{where}, got {error}"
    raise StartupError(msg)


async def existing_queue(channel: AbstractChannel, name: str) -> AbstractQueue:
    """Return a queue that the service has declared.

    Raises:
        StartupError: it is not there.

    """
    try:
        return await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        msg = (
            f"RABBITMQ_URL: expected queue {name!r}, but this vhost has none; "
            "the service declares it at its first start, or this is another vhost"
        )
        raise StartupError(msg) from None


async def exchange_exists(connection: AbstractConnection, name: str) -> bool:
    """Return whether there is such an exchange; publishing to none would close the channel for all."""
    async with connection.channel() as channel:
        try:
            await channel.get_exchange(name, ensure=True)
        except ChannelNotFoundEntity:
            return False
    return True
