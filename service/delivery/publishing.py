"""Publishing in batches: what is published on a channel in one turn of the event loop leaves in one write.

Not aiormq's own `basic_publish`: for each message it takes the channel's lock, opens contexts, registers futures with
two stores, and makes a write of its own. Completions come in batches, as the transactions before them, so here the lock
is taken once for a batch, which is one write. RabbitMQ, too, spends less on messages that arrive together. Confirms and
returned messages are still aiormq's to read: a publish is noted where it looks for them.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import uuid4

from aio_pika.abc import AbstractChannel
from aiormq import spec
from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelInvalidStateError
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from service.delivery.connection import CHANNEL_GONE
from service.delivery.envelope import describe
from service.errors import BrokerUnavailableError

LARGEST_WRITE = 256 << 10
"""Bytes from which a write takes no further message: large ones are not copied together."""


class Publishing:
    """Publishes on the channels of one connection."""

    def __init__(self, timeout: float) -> None:
        """Make it; `timeout` is the seconds that a publish may take, its confirm included."""
        self._timeout = timeout
        # By AMQP channel and not by aio-pika's, which outlives a reconnect. They go when their channel closes.
        self._writers: dict[Any, _Writer] = {}

    async def publish(
        self,
        channel: AbstractChannel,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        properties: spec.Basic.Properties,
    ) -> None:
        """Publish, and return when the broker has confirmed it; on a channel without confirms, when it is on its way.

        Args:
            channel: raises what is returned when it has confirms. Without them nothing is returned: who is to get a
                message may be gone.
            body: of the message.
            exchange: where it goes; empty for the default exchange.
            routing_key: where it goes from there.
            properties: a message id is added where there is none: a returned message is known by it.

        Raises:
            BrokerUnavailableError: no confirm came in time, the broker refuses it, or no queue wants it. Whether it is
                out is unknown.

        """
        properties.message_id = properties.message_id or uuid4().hex
        try:
            async with asyncio.timeout(self._timeout):
                # Waits while a lost connection is made anew.
                underlay = await channel.get_underlay_channel()
                await self._writer(underlay).send(_Publish(body, exchange, routing_key, properties))
        except (*CHANNEL_GONE, TimeoutError) as error:
            msg = f"expected RabbitMQ to confirm a publish to {exchange or routing_key!r}, got {describe(error)}"
            raise BrokerUnavailableError(msg) from error

    def _writer(self, channel: Any) -> "_Writer":
        if channel.is_closed:
            msg = f"channel {channel.number} is closed"
            raise ChannelInvalidStateError(msg)
        if (writer := self._writers.get(channel)) is None:
            writer = self._writers[channel] = _Writer(channel)
            channel.closing.add_done_callback(lambda closed: self._writers.pop(channel).close(closed))
        return writer


@dataclass(slots=True, eq=False)
class _Publish:
    body: bytes
    exchange: str
    routing_key: str
    properties: spec.Basic.Properties
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Confirmed, or written where there are no confirms."""
    tag: int | None = None
    """Its number on the channel, once it is written."""

    def marshal(self, channel: Any) -> bytes:
        """Return its frames.

        Raises:
            ValueError, TypeError, struct.error: a property or the routing key is nothing that AMQP can hold.

        """
        number, largest = channel.number, channel.max_content_size
        header = ContentHeader(properties=self.properties, body_size=len(self.body))
        bodies = [ContentBody(self.body[start : start + largest]) for start in range(0, len(self.body), largest)]
        method = _method(self.exchange, self.routing_key, channel.publisher_confirms, number)
        return b"".join([method, frame.marshal(header, number), *(frame.marshal(each, number) for each in bodies)])


@lru_cache(maxsize=64)
def _method(exchange: str, routing_key: str, mandatory: bool, channel: int) -> bytes:  # noqa: FBT001 - as in AMQP
    return frame.marshal(spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory), channel)


class _Writer:
    """Writes to one AMQP channel, and knows what is not confirmed yet."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._waiting: deque[_Publish] = deque()
        self._open: set[_Publish] = set()
        self._writing: asyncio.Task[None] | None = None

    async def send(self, publish: _Publish) -> None:
        """Return when it is confirmed, or written where there are no confirms."""
        self._waiting.append(publish)
        self._open.add(publish)
        if self._writing is None:
            # It begins in the next turn of the loop: what else is published in this one goes with it.
            self._writing = asyncio.create_task(self._write())
        try:
            await publish.done
        finally:
            self._open.discard(publish)
            self._forget(publish)

    def close(self, closed: asyncio.Future[Any]) -> None:
        """End all waits: the channel is gone."""
        reason = None if closed.cancelled() else closed.exception()
        error = reason if isinstance(reason, CHANNEL_GONE) else ConnectionError("the channel was closed")
        if self._writing is not None:
            self._writing.cancel()
        for publish in self._open:
            if not publish.done.done():
                publish.done.set_exception(error)

    async def _write(self) -> None:
        try:
            # The channel's own lock: it counts what is published.
            async with self._channel.lock:
                while self._waiting:
                    taken, payload = self._take()
                    await self._channel.write_queue.put(ChannelFrame(payload, should_close=False))
                    if not self._channel.publisher_confirms:
                        for publish in taken:
                            if not publish.done.done():
                                publish.done.set_result(None)
        except ChannelInvalidStateError:
            pass  # `close` tells
        finally:
            self._writing = None

    def _take(self) -> tuple[list[_Publish], bytes]:
        """Take what waits, as much as goes into one write; return it with its frames."""
        taken: list[_Publish] = []
        frames: list[bytes] = []
        size = 0
        while self._waiting and size < LARGEST_WRITE:
            publish = self._waiting.popleft()
            if publish.done.done():
                continue  # who published it has given up meanwhile
            try:
                frames.append(publish.marshal(self._channel))
            except Exception as error:  # noqa: BLE001 - whatever AMQP cannot hold is its publisher's alone
                publish.done.set_exception(error)
                continue
            # Only now: what is counted here and never sent would put all later confirms out of step.
            self._note(publish)
            taken.append(publish)
            size += len(frames[-1])
        return taken, b"".join(frames)

    def _note(self, publish: _Publish) -> None:
        """Note a publish where aiormq looks for it when a confirm or a returned message comes."""
        channel = self._channel
        channel.delivery_tag += 1
        if channel.publisher_confirms:
            publish.tag = channel.delivery_tag
            channel.confirmations[publish.tag] = publish.done
            channel.message_id_delivery_tag[publish.properties.message_id] = publish.tag

    def _forget(self, publish: _Publish) -> None:
        tags, id_ = self._channel.message_id_delivery_tag, publish.properties.message_id
        if publish.tag is not None and tags.get(id_) == publish.tag:
            del tags[id_]
