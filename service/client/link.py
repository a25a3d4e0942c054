"""One connection to RabbitMQ, from its opening to its loss. It never comes back: the next one takes its place.

aio-pika's robust connection is not used: it repairs itself behind its user's back, so a publish may wait without bound,
what was in flight is not sent again, and an exclusive queue was gone for a while without anybody hearing of it.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
    InvalidFrameError,
    ProbableAuthenticationError,
    PublishError,
)
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from service.client.errors import AccessRefusedError, UnroutableError
from service.client.names import DOCUMENTS

LOST = (AMQPError, ChannelInvalidStateError, OSError, RuntimeError, EOFError)
"""How the loss of a connection or a channel shows; also as `CancelledError`, see `losses_told_apart`."""
CLOSES_WITHIN = 2.0
"""Seconds for RabbitMQ to say goodbye; a frozen one does not."""
_TOPIC = re.compile(r"topic '([^']*)'")
"""What a topic permission refuses; other refusals are of the whole exchange."""


class LinkLostError(Exception):
    """The link is gone. What was in flight may have arrived."""


class NotSentError(LinkLostError):
    """The channel was closed already, so nothing was sent."""


class RefusedError(Exception):
    """RabbitMQ could not store the message now (a full queue, a queue without a leader)."""


@asynccontextmanager
async def losses_told_apart() -> AsyncGenerator[None, None]:
    """Raise `LinkLostError` for every way in which the loss of a connection shows.

    One of them is `CancelledError`, thrown into whoever waits. A task that was really cancelled knows of it.
    """
    task = asyncio.current_task()
    cancelled = task.cancelling() if task else 0
    try:
        yield
    except asyncio.CancelledError as error:
        if task is None or task.cancelling() > cancelled:
            raise
        raise LinkLostError(str(error) or "connection closed") from None
    except InvalidFrameError as error:
        # All that aiormq tells of the answer to the request for a vhost. A vhost that is starting is refused like that.
        vhost = "RabbitMQ refuses the vhost: there is none of this name, it is starting, or the user may not use it"
        raise LinkLostError(vhost if "Connection.OpenOk" in str(error) else str(error)) from error
    except LOST as error:
        raise LinkLostError(str(error) or type(error).__name__) from error


class Link:
    """A connection and the channel that publishes. Other channels belong to those who open them."""

    def __init__(self, connection: aio_pika.Connection, channel: AbstractChannel, documents: AbstractExchange) -> None:
        self._connection = connection
        self._documents = documents
        self.lost = asyncio.Event()
        connection.close_callbacks.add(self._on_close)
        channel.close_callbacks.add(self._on_close)

    @classmethod
    async def open(cls, url: URL) -> "Link":
        """Connect.

        Raises:
            AccessRefusedError: RabbitMQ refuses us.
            UnroutableError: there is no exchange to publish to.
            LinkLostError: it cannot be reached, or not now.

        """
        # Not `aio_pika.connect`: it drops a connection that was refused without closing it.
        connection = aio_pika.Connection(url)
        try:
            with _refusals_named():
                async with losses_told_apart():
                    await connection.connect()
                    channel = await connection.channel(on_return_raises=True)
                    documents = await channel.get_exchange(DOCUMENTS, ensure=True)
        except BaseException:
            await _close(connection)
            raise
        return cls(connection, channel, documents)

    async def publish(self, message: aio_pika.Message, routing_key: str) -> None:
        """Publish and wait for the confirm, for as long as it takes.

        Raises:
            UnroutableError: it came back.
            AccessRefusedError: RabbitMQ refuses the permission to publish it.
            RefusedError: RabbitMQ could not store it now.
            NotSentError: the channel was lost before.
            LinkLostError: the connection was lost meanwhile.

        """
        async with losses_told_apart():
            try:
                await self._documents.publish(message, routing_key, mandatory=True)
            except PublishError:
                msg = f"expected a queue for {routing_key!r} on exchange {DOCUMENTS!r}, got the event back"
                raise UnroutableError(msg) from None
            except DeliveryError as error:
                raise RefusedError(str(error) or "refused by RabbitMQ") from None
            except ChannelInvalidStateError as error:
                raise NotSentError(str(error)) from error
            except ChannelAccessRefused as error:
                # The channel takes all that is in flight along, permitted events of another topic, too.
                if (topic := _TOPIC.search(str(error))) is None or topic[1] == routing_key:
                    raise _not_permitted(error) from None
                raise

    @asynccontextmanager
    async def channel(self, prefetch: int = 0) -> AsyncGenerator[tuple[AbstractChannel, asyncio.Future[None]], None]:
        """Open a channel for the block; the future is done when it, or its consumer, is lost.

        Raises:
            LinkLostError: the connection or the channel is lost.
            AccessRefusedError: RabbitMQ refuses a permission.
            UnroutableError: there is no such exchange or queue.

        """
        gone = asyncio.get_running_loop().create_future()

        def lose(*_: object) -> None:
            if not gone.done():
                gone.set_result(None)

        with _refusals_named():
            async with losses_told_apart():
                channel = await self._connection.channel()
                channel.close_callbacks.add(lose)
                # A queue that is deleted takes its consumer along and leaves the channel open.
                (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(lose)
                try:
                    await channel.set_qos(prefetch_count=prefetch)
                    yield channel, gone
                finally:
                    lose()
                    with suppress(*LOST, TimeoutError):
                        async with asyncio.timeout(CLOSES_WITHIN):
                            await channel.close()

    async def close(self) -> None:
        """Close the connection, without waiting for a broker that does not answer."""
        self.lost.set()
        await _close(self._connection)

    def _on_close(self, *_: object) -> None:
        self.lost.set()


async def _close(connection: aio_pika.Connection) -> None:
    with suppress(*LOST, TimeoutError):
        async with asyncio.timeout(CLOSES_WITHIN):
            await connection.close()


def _not_permitted(cause: ChannelAccessRefused) -> AccessRefusedError:
    return AccessRefusedError(f"expected RabbitMQ to give the user this permission, got {cause}")


class _refusals_named:  # noqa: N801 - reads as a statement
    """Raise our errors for what trying again does not heal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        cause = error.__cause__ if isinstance(error, LinkLostError) else None
        if isinstance(cause, AuthenticationError | ProbableAuthenticationError):
            msg = f"expected RabbitMQ to accept the user of the URL, but it refuses the user or its password ({cause})"
            raise AccessRefusedError(msg) from None
        if isinstance(cause, ChannelAccessRefused):
            raise _not_permitted(cause) from None
        # A queue whose node is still starting is not found either, and will be.
        if isinstance(cause, ChannelNotFoundEntity) and "NOT_FOUND - no " in str(cause):
            msg = (
                f"expected the service's exchanges and queues on this vhost, got {cause}; "
                "it declares them at its first start, or this is another vhost"
            )
            raise UnroutableError(msg) from None
