"""Completions on their way out: each confirmed by the broker, all on one channel, none waiting for another.

Not FastStream's publisher and not aio-pika's exchange: they make a command, a message and a round through the event
loop of each publish, as the frames of one have to be on the socket before the next begins.
"""

from aio_pika import RobustExchange
from aiormq import spec
from faststream.rabbit import RabbitBroker, RabbitExchange

from schemas import Event, completion_id
from service.delivery.connection import CHANNEL_GONE
from service.delivery.envelope import Envelope, describe, now
from service.delivery.publishing import Publishing
from service.errors import BrokerUnavailableError

APP_ID = "docgraph"


def properties_of(event: Event, *, message_id: str, correlation_id: str) -> spec.Basic.Properties:
    """Return the AMQP properties of an event that the service publishes. Persistent."""
    return spec.Basic.Properties(
        message_id=message_id,
        correlation_id=correlation_id,
        message_type=event.kind,
        content_type="application/json",
        delivery_mode=2,
        timestamp=now(),
        app_id=APP_ID,
    )


class Outbox:
    """Publishes completions for one process."""

    def __init__(self, broker: RabbitBroker, exchange: RabbitExchange, *, timeout: float) -> None:
        """Make the outbox of one process.

        Args:
            broker: whose default channel is used; its confirms are on and it raises what is returned.
            exchange: where completions go.
            timeout: seconds to wait for a confirm. Long, as a broker with an alarm takes no publishes until it is
                over, and one that is gone closes the connection, which ends the wait.

        """
        self._broker = broker
        self._exchange = exchange
        self._publishing = Publishing(timeout)
        self._declared: RobustExchange | None = None

    async def publish(self, completion: Event, cause: Envelope) -> None:
        """Publish a completion; return when the broker has confirmed it.

        Raises:
            BrokerUnavailableError: no confirm came; whether the completion is out is unknown, a repeat has its id.

        """
        try:
            channel = (await self._target()).channel
        except CHANNEL_GONE as error:
            msg = f"expected RabbitMQ to confirm a publish to {self._exchange.name!r}, got {describe(error)}"
            raise BrokerUnavailableError(msg) from error
        await self._publishing.publish(
            channel,
            completion.write(),
            exchange=self._exchange.name,
            routing_key=completion.kind,
            properties=properties_of(
                completion,
                message_id=completion_id(cause.event_id, completion.kind),
                correlation_id=cause.correlation_id,
            ),
        )

    async def _target(self) -> RobustExchange:
        if self._declared is None:
            self._declared = await self._broker.declare_exchange(self._exchange)
        if self._declared.channel.is_closed:
            msg = "the channel for completions is closed"
            raise ConnectionError(msg)
        return self._declared
