"""A message's way through the service: read, handle, publish the completion, acknowledge; or settle the failure.

Subscribers are FastStream's: declared by its decorator, started, stopped and documented by it. Only what they do with
each message is ours. FastStream makes exit stacks, context scopes, a parsed message, a model of the call and a publish
command for each one: more work on the event loop than to read, prepare and answer a short document. What a handler
depends on is injected once for a process, when its consumer starts.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from aio_pika import IncomingMessage
from fast_depends.dependencies import Dependant
from faststream import AckPolicy, Depends
from faststream.rabbit import Channel, RabbitExchange, RabbitQueue, RabbitRouter
from faststream.rabbit.subscriber import RabbitSubscriber

from schemas import Event
from service.delivery.envelope import Envelope
from service.delivery.outbox import Outbox
from service.delivery.quarantine import Quarantine, is_suspect
from service.delivery.settlement import Settlement
from service.errors import InvalidEventError

Read = Callable[[bytes], Any]
"""From a message's body to the handler's first argument; raises what `Settlement.fail` is to be told."""


async def _at_hand() -> Envelope:
    raise NotImplementedError


AtHand = Annotated[Envelope, Depends(_at_hand, cast=False)]
"""The one dependency that differs from message to message: the subscriber gives it."""


class Subscriber(RabbitSubscriber):
    """FastStream's subscriber; relies on `calls`, `lock`, `running` and `consume` of the pinned version."""

    line: "Line"
    read: Read
    _handle: Callable[..., Awaitable[Event]]

    async def start(self) -> None:
        """Inject what the handler depends on, then consume."""
        (call,) = self.calls
        self._handle = await _injected(call.handler._original_call)  # noqa: SLF001 - no public name
        await super().start()

    async def consume(self, msg: IncomingMessage) -> None:
        """Take one message. Once the subscriber stops, what is delivered is left for the broker to requeue."""
        if not self.running:
            return
        with self.lock:
            if is_suspect(msg):
                async with self.line.quarantine.alone():
                    await self._take(msg)
                    # The next one may end the process, and with it an acknowledgement that is still on its way.
                    await self.line.settlement.until_known(msg)
            else:
                await self._take(msg)

    async def _take(self, message: IncomingMessage) -> None:
        """Settle a message. One whose handling is cancelled is not settled: the broker requeues what it held."""
        try:
            envelope = Envelope.of(message)
            _refuse_unreadable(envelope)
            completion = await self._handle(self.read(message.body), envelope=envelope)
            await self.line.outbox.publish(completion, envelope)
        except Exception as error:  # noqa: BLE001 - whatever it is, the settlement finds its place
            await self.line.settlement.fail(message, self.queue.name, error)
        else:
            self.line.settlement.succeed(message)


class Line:
    """What all subscribers of a process share."""

    def __init__(self, settlement: Settlement, outbox: Outbox, quarantine: Quarantine) -> None:
        self.settlement = settlement
        self.outbox = outbox
        self.quarantine = quarantine


class Router(RabbitRouter):
    """A FastStream router whose subscribers are ours."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def consumer(
        self, queue: RabbitQueue, exchange: RabbitExchange | None = None, *, read: Read, prefetch: int, **options: Any
    ) -> RabbitSubscriber:
        """Return the decorator of a handler: `async def handler(content, envelope: AtHand, …dependencies)`.

        Args:
            queue: the queue to consume.
            exchange: where it is bound.
            read: makes the handler's first argument of a body.
            prefetch: unacknowledged messages at a time.
            options: `title`, `description` and the like, for the AsyncAPI document.

        """
        subscriber = self.subscriber(
            queue,
            exchange,
            # One each: an error on one queue's channel cancels what is in flight on that channel only.
            channel=Channel(prefetch_count=prefetch, on_return_raises=True),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            **options,
        )
        # FastStream has no place to name the class of a subscriber.
        subscriber.__class__ = Subscriber
        assert isinstance(subscriber, Subscriber)
        subscriber.line, subscriber.read = self._line, read
        return subscriber


def _refuse_unreadable(envelope: Envelope) -> None:
    if envelope.unreadable:
        msg = (
            f"expected AMQP properties with text in UTF-8 and a timestamp in seconds, got {envelope.unreadable}; "
            "mend the publisher; a replay of the dead letter goes without what could not be read"
        )
        raise InvalidEventError(msg)


async def _injected(handler: Callable[..., Awaitable[Event]]) -> Callable[..., Awaitable[Event]]:
    """Return the handler with its `Annotated[…, Depends(provider)]` parameters provided."""
    provided = {
        name: await marker.dependency()
        for name, parameter in inspect.signature(handler).parameters.items()
        for marker in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(marker, Dependant) and marker.dependency is not _at_hand
    }
    return partial(handler, **provided)
