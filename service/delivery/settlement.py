"""Settlement: what becomes of a message once its handler is through. Publishes first, confirmed; acknowledges last."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from faststream.rabbit import RabbitBroker
from faststream.rabbit.publisher import RabbitPublisher

from schemas import DocumentFailed, Reason, completion_id
from service import __version__
from service.delivery import envelope as names
from service.delivery.acknowledger import Acknowledger
from service.delivery.copies import copy_of
from service.delivery.envelope import Envelope, describe, head, now
from service.delivery.retry import DeadLetter, Retry, decide
from service.delivery.topology import DEAD, RETRY, TIER_HEADER, Topology
from service.delivery.watch import redeclare
from service.durations import format_duration
from service.errors import BrokerUnavailableError
from service.telemetry import Metrics

log = structlog.get_logger(__name__)

DETAIL_LENGTH = 2000
"""Characters of an error's text that are kept: headers must fit into one AMQP frame."""
PAUSE = 1.0
"""Seconds until a message that could not be settled is given back. Without a pause its deliveries would be used up
before anything is mended, and it would end as a crash loop."""
DECLARE_EVERY = 5.0
"""Seconds between two declarations of what a failed publish may have missed; one takes no longer than that."""


About = tuple[str | None, int | None]
"""Document id and version."""
Tell = Callable[[Retry | DeadLetter], Awaitable[None]]


class Settlement:
    """Retries, gives up and has messages acknowledged. Nothing else in the service does."""

    def __init__(
        self,
        broker: RabbitBroker,
        failures: RabbitPublisher,
        acknowledger: Acknowledger,
        metrics: Metrics,
        *,
        topology: Topology,
        timeout: float,
        max_message: int,
    ) -> None:
        """Make the settlement of one process.

        Args:
            broker: publishes retries and dead letters.
            failures: publishes `document.failed`.
            acknowledger: acknowledges and requeues.
            metrics: counts what happened.
            topology: holds the retry tiers; declared again when a publish fails.
            timeout: seconds to wait for a confirm. Long, as a broker with an alarm takes no publishes until it is
                over, and one that is gone closes the connection, which ends the wait.
            max_message: bytes of a message that is looked into; a larger one is given up without its document's id.

        """
        self._broker = broker
        self._failures = failures
        self._acknowledger = acknowledger
        self._metrics = metrics
        self._topology = topology
        self._timeout = timeout
        self._max_message = max_message
        self._declared_at = -math.inf

    def succeed(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge a message whose completion is confirmed."""
        self._acknowledger.acknowledge(message)

    async def until_known(self, message: AbstractIncomingMessage) -> None:
        """Return when the broker knows what became of a message."""
        await self._acknowledger.until_known(message.channel)

    async def give_back(self, message: AbstractIncomingMessage) -> None:
        """Requeue a message that could not be settled."""
        await self._acknowledger.requeue(message)

    async def fail(
        self,
        message: AbstractIncomingMessage,
        queue: str,
        error: Exception,
        *,
        about: About | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Retry a message or give it up, then acknowledge it; if that cannot be published, requeue it.

        Args:
            message: the input.
            queue: the work queue it came from.
            error: what its handling raised.
            about: document id and version, when they do not stand in the body.
            tell: hears of the decision before the message is acknowledged. What it raises changes nothing: the decision
                is out, and a message that came back would be retried or dead-lettered twice.

        """
        sender = Envelope.of(message)
        decision = decide(error, sender.attempt, self._topology.retry_delays)
        facts = {"event_id": sender.event_id, "queue": queue, "attempt": sender.attempt, "error": describe(error)[:500]}
        unforeseen = error if getattr(error, "reason", Reason.INTERNAL_ERROR) is Reason.INTERNAL_ERROR else None
        if isinstance(error, BrokerUnavailableError):
            await self._declare_again()
        try:
            async with asyncio.timeout(self._timeout):
                if isinstance(decision, DeadLetter):
                    await self._give_up(message, sender, decision.reason, error, about)
                    self._metrics.failed(decision.reason)
                    log.warning("document failed", **facts, reason=decision.reason.value, exc_info=unforeseen)
                else:
                    await self._retry(message, sender, queue, decision.delay, error)
                    self._metrics.retried(decision.delay)
                    log.warning("document will be retried", **facts, delay=decision.delay, exc_info=unforeseen)
        except Exception as problem:  # noqa: BLE001 - whatever it is, no message is left hanging
            # There is no other place; the queue's delivery limit bounds it.
            log.error("outcome could not be published; message is requeued", **facts, problem=describe(problem))
            await self._declare_again()
            await asyncio.sleep(PAUSE)
            await self._acknowledger.requeue(message)
            return
        if tell is not None:
            await self._tell(tell, decision, facts)
        self._acknowledger.acknowledge(message)

    async def _tell(self, tell: Tell, decision: Retry | DeadLetter, facts: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await tell(decision)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the decision stands
            log.error("the sender could not be told what became of its message", **facts, problem=describe(problem))

    async def _declare_again(self) -> None:
        """Declare what a publish may have missed: an exchange, a queue or a binding that somebody has deleted."""
        moment = asyncio.get_running_loop().time()
        if moment - self._declared_at < DECLARE_EVERY:
            return
        self._declared_at = moment
        try:
            async with asyncio.timeout(DECLARE_EVERY):
                # Without a connection nothing was missed, and the topology is declared at the reconnect.
                if await self._broker.ping(timeout=PAUSE):
                    await redeclare(self._broker, self._topology)
        except Exception as problem:  # noqa: BLE001 - as above
            log.warning("topology could not be declared again", problem=describe(problem))

    async def _retry(
        self, message: AbstractIncomingMessage, sender: Envelope, queue: str, delay: float, error: Exception
    ) -> None:
        headers = self._history(sender, error) | {
            names.ATTEMPT: sender.attempt + 1,
            TIER_HEADER: format_duration(delay),
        }
        # Up to a fifth earlier, so that what failed together does not come back together. A queue never keeps a message
        # for longer than its own delay, whatever stands before it.
        expiration = delay * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, no secret
        await self._forward(message, headers, exchange=RETRY, routing_key=queue, expiration=expiration)

    async def _give_up(
        self,
        message: AbstractIncomingMessage,
        sender: Envelope,
        reason: Reason,
        error: Exception,
        about: About | None = None,
    ) -> None:
        detail = str(error)[:DETAIL_LENGTH]
        # What is too large to be read is too large to be looked into, too.
        document_id, version = about or (head(message.body) if len(message.body) <= self._max_message else (None, None))
        told = {} if about is None else {names.DOCUMENT_ID: document_id, names.DOCUMENT_VERSION: version}
        headers = (
            self._history(sender, error)
            | told
            | {
                "docgraph-reason": reason.value,
                "docgraph-error": type(error).__name__,
                "docgraph-detail": detail,
                "docgraph-attempts": sender.attempt,
                "docgraph-last-failed-at": now().isoformat(),
                "docgraph-version": __version__,
            }
        )
        # The evidence first: whoever hears of the failure finds the dead letter.
        await self._forward(message, headers, exchange=None, routing_key=DEAD)
        event = DocumentFailed(
            document_id=document_id,
            version=version,
            causation_id=sender.event_id,
            occurred_at=now(),
            reason=reason,
            error=type(error).__name__,
            detail=detail,
            attempts=sender.attempt,
        )
        await self._failures.publish(
            event.write(),
            message_id=completion_id(sender.event_id, event.kind),
            correlation_id=sender.correlation_id,
            message_type=event.kind,
            content_type="application/json",
        )

    def _history(self, sender: Envelope, error: Exception) -> dict[str, Any]:
        return {
            names.FIRST_ERROR: (sender.first_error or describe(error))[:DETAIL_LENGTH],
            names.FIRST_FAILED_AT: sender.first_failed_at or now().isoformat(),
            names.EXCHANGE: sender.exchange,
            names.ROUTING_KEY: sender.routing_key,
        }

    async def _forward(
        self,
        message: AbstractIncomingMessage,
        headers: dict[str, Any],
        *,
        exchange: Any,
        routing_key: str,
        expiration: float | None = None,
    ) -> None:
        """Publish a copy of a message that keeps its ids, its properties and its publisher's headers."""
        copy = copy_of(message)
        copy.headers.update(headers)
        copy.expiration = expiration
        await self._broker.publish(copy, exchange=exchange, routing_key=routing_key)
