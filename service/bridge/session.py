"""One connection of the bridge, with its channels. It does not reconnect: who uses it makes another one."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed, PublishError
from aiormq import spec
from aiormq.exceptions import ChannelAccessRefused

from service.bridge.canvas import Follower
from service.bridge.places import declare_as_celery
from service.bridge.worker_events import EXCHANGE
from service.delivery.connection import CHANNEL_GONE
from service.delivery.envelope import Envelope, describe
from service.delivery.outbox import properties_of
from service.delivery.publishing import Publishing
from service.delivery.topology import DOCUMENTS, HANDLED
from service.errors import BrokerUnavailableError
from service.handlers.pipeline import Input

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT = 10.0
NOWHERE = (ChannelNotFoundEntity, ChannelAccessRefused, PublishError)
"""How a place shows that does not exist, is not ours to send to, or that no queue is bound to."""
PIDBOX = "celery.pidbox"

Take = Callable[["Session", str, AbstractIncomingMessage], Awaitable[None]]


@dataclass(slots=True)
class Session:
    """What is open while the connection stands."""

    connection: AbstractConnection
    tasks: AbstractChannel
    """Consumes, acknowledges."""
    publisher: AbstractChannel
    """With confirms, returns raised."""
    replies: AbstractChannel
    """Without confirms."""
    control: AbstractChannel
    """Remote control and events, without confirms."""
    publishing: Publishing
    tags: dict[str, str] = field(default_factory=dict)
    """Consumer tag by queue."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _known: set[str] = field(default_factory=set)
    """Queues of callbacks that are there."""

    async def consume(self, queue: str, take: Take) -> None:
        """Begin to consume a queue."""
        source = await self.tasks.get_queue(queue, ensure=False)

        async def callback(message: AbstractIncomingMessage) -> None:
            await take(self, queue, message)

        self.tags[queue] = await source.consume(callback)

    async def pause(self) -> None:
        """Take no more; what is at hand stays."""
        for queue, tag in list(self.tags.items()):
            del self.tags[queue]
            with suppress(*CHANNEL_GONE, TimeoutError):
                source = await self.tasks.get_queue(queue, ensure=False)
                await source.cancel(tag, timeout=5)

    async def deaf(self) -> list[str]:
        """Return the queues whose consumer the broker has cancelled."""
        if not self.tags or self.tasks.is_closed:
            return []
        channel: Any = await self.tasks.get_underlay_channel()
        return [queue for queue, tag in self.tags.items() if tag not in channel.consumers]

    async def publish(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Publish and wait for the confirm.

        Raises:
            BrokerUnavailableError: there is none, or no queue wants the message.

        """
        await self._publish(exchange, routing_key, message.body, message.properties)

    async def journal(self, event: Input, sender: Envelope) -> None:
        """Publish an event to where the journal keeps it and no queue of work takes it, and wait for the confirm.

        Raises:
            BrokerUnavailableError: there is none.

        """
        properties = properties_of(event, message_id=sender.event_id, correlation_id=sender.correlation_id)
        await self._publish(DOCUMENTS.name, event.kind + HANDLED, event.write(), properties)

    async def _publish(self, exchange: str, key: str, body: bytes, properties: spec.Basic.Properties) -> None:
        await self.publishing.publish(self.publisher, body, exchange=exchange, routing_key=key, properties=properties)

    async def follow(self, follower: Follower, default_queue: str) -> None:
        """Send what follows a task. A place that does not take it is told in the log, and is not the task's fault.

        Raises:
            BrokerUnavailableError: the broker does not confirm.

        """
        try:
            if follower.exchange:
                await self._publish_elsewhere(follower.exchange, follower)
            else:
                await self._publish_to(follower.queue or default_queue, follower)
        except (*NOWHERE, BrokerUnavailableError) as error:
            cause = error.__cause__ if isinstance(error, BrokerUnavailableError) else error
            if not isinstance(cause, NOWHERE):
                raise
            log.warning("a callback cannot be sent where it is to go", task=follower.id, problem=describe(cause))

    async def _publish_to(self, queue: str, follower: Follower) -> None:
        if queue not in self._known:
            await declare_as_celery(self.connection, queue)
            self._known.add(queue)
        await self.publish("", queue, follower.message)

    async def _publish_elsewhere(self, exchange: str, follower: Follower) -> None:
        # On a channel of its own: a refusal closes it, and with it whatever else is on it.
        async with self.connection.channel(on_return_raises=True) as channel:
            await channel.get_exchange(exchange, ensure=True)
            await self.publishing.publish(
                channel,
                follower.message.body,
                exchange=exchange,
                routing_key=follower.routing_key or "",
                properties=follower.message.properties,
            )

    async def listen(self, answer: Callable[[Mapping[str, Any]], Any], node: str) -> None:
        """Take part in Celery's remote control."""
        await self.control.declare_exchange(PIDBOX, ExchangeType.FANOUT, durable=False)
        mailbox = await self.control.declare_queue(exclusive=True, arguments={"x-message-ttl": 300_000})
        await mailbox.bind(PIDBOX)

        async def obey(message: AbstractIncomingMessage) -> None:
            try:
                request = json.loads(message.body)
                reply = answer(request)
                if reply is not None and (target := request.get("reply_to")):
                    await self._reply(node, reply, target, request.get("ticket"))
            except (*CHANNEL_GONE, ValueError, TypeError, AttributeError, KeyError) as error:
                log.warning("a remote control command could not be answered", problem=describe(error))

        await mailbox.consume(obey, no_ack=True)

    async def _reply(self, node: str, reply: Any, target: Mapping[str, str], ticket: Any) -> None:
        exchange = await self.control.declare_exchange(target["exchange"], ExchangeType.DIRECT, durable=False)
        message = aio_pika.Message(
            json.dumps({node: reply}, default=str).encode(),
            content_type="application/json",
            content_encoding="utf-8",
            headers={"ticket": ticket, "clock": 1},
        )
        await exchange.publish(message, target["routing_key"], mandatory=False)

    async def event(self, message: aio_pika.Message, routing_key: str) -> None:
        """Send a worker or task event; one that cannot be sent is lost."""
        with suppress(*CHANNEL_GONE, TimeoutError):
            exchange = await self.control.get_exchange(EXCHANGE, ensure=False)
            await exchange.publish(message, routing_key, mandatory=False, timeout=5)


@asynccontextmanager
async def open_session(url: str, prefetch: int, timeout: float) -> AsyncGenerator[Session, None]:
    """Open a connection and its channels; close it without waiting for a broker that does not answer."""
    # Not `aio_pika.connect`: it drops a connection that was refused, for the garbage collector to close.
    connection = aio_pika.Connection(make_url(url))
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await connection.connect()
        tasks = await connection.channel()
        await tasks.set_qos(prefetch_count=prefetch)
        publisher = await connection.channel(on_return_raises=True)
        replies = await connection.channel(publisher_confirms=False)
        control = await connection.channel(publisher_confirms=False)
        session = Session(connection, tasks, publisher, replies, control, Publishing(timeout))
        for channel in (tasks, publisher, replies, control):
            channel.close_callbacks.add(lambda *_: session.closed.set())
        with suppress(ChannelPreconditionFailed):
            async with connection.channel() as channel:
                await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
        yield session
    finally:
        with suppress(*CHANNEL_GONE, TimeoutError):
            async with asyncio.timeout(5):
                await connection.close()
