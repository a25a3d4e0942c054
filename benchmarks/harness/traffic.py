"""Traffic for the service from this process: events out, completions in, each with its time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika

from benchmarks.names import COMPLETIONS


@dataclass(slots=True)
class Answered:
    """One event and its completion."""

    sent: float
    arrived: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.arrived - self.sent) * 1000


class Traffic:
    """Publishes submissions and collects what comes back."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self.answers: dict[str, Answered] = {}
        """By event id."""
        self._open = 0
        self._settled = asyncio.Event()

    async def submit(self, event: Mapping[str, Any]) -> Answered:
        """Publish a submission; return what will be its answer."""
        event_id = f"{event['document_id']} {event['version']}"
        answer = self.answers[event_id] = Answered(time.monotonic())
        self._open += 1
        self._settled.clear()
        message = aio_pika.Message(
            json.dumps(event).encode(),
            message_id=event_id,
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._exchange.publish(message, "document.submitted")
        return answer

    async def settled(self, within: float) -> None:
        """Wait until all that was submitted is answered.

        Raises:
            TimeoutError: it is not, in so many seconds.

        """
        async with asyncio.timeout(within):
            while self._open:
                self._settled.clear()
                await self._settled.wait()

    def failures(self) -> list[dict[str, Any]]:
        """Return the completions that are no success."""
        return [answer.body for answer in self.answers.values() if answer.arrived and "outcome" not in answer.body]

    async def take(self, message: Any) -> None:
        """Note a completion."""
        body = json.loads(message.body)
        answer = self.answers.get(body.get("causation_id"))
        if answer is not None and not answer.arrived:
            answer.arrived, answer.body = time.monotonic(), body
            self._open -= 1
            self._settled.set()


@asynccontextmanager
async def traffic(environment: Mapping[str, str]) -> AsyncIterator[Traffic]:
    """Connect to the broker of a running service."""
    async with await aio_pika.connect(environment["RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        flow = Traffic(await channel.get_exchange("documents", ensure=False))
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(COMPLETIONS, "#")
        await queue.consume(flow.take, no_ack=True)
        yield flow
