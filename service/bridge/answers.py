"""Where results go: to the caller's reply queue (`rpc://`), and to Redis when it is set up."""

import json

import structlog
from aio_pika.abc import AbstractChannel
from aiormq import spec

from service.bridge.redis_results import RedisResults, ResultBackendUnavailableError
from service.bridge.results import Meta
from service.bridge.task import Caller
from service.delivery.publishing import Publishing

log = structlog.get_logger(__name__)


class Answers:
    """Sends results of one connection's tasks. A caller that wants no result is told nothing."""

    def __init__(self, replies: AbstractChannel, publishing: Publishing, redis: RedisResults | None) -> None:
        """Make it.

        Args:
            replies: a channel without confirms. A reply is transient, as a Celery worker's is, and
                its queue may be gone with the caller. It is sent before the task is acknowledged, on the same
                connection: what RabbitMQ has the acknowledgement of, it has the reply of.
            publishing: of that connection.
            redis: None when there is no result backend.

        """
        self._replies = replies
        self._publishing = publishing
        self._redis = redis

    async def send(self, caller: Caller, meta: Meta) -> None:
        """Tell a caller of a state on the way; Redis may miss it."""
        body = json.dumps(meta).encode()
        await self.reply(caller, body)
        try:
            await self.store(caller, body)
        except ResultBackendUnavailableError as error:
            log.info("the result backend missed a state", task=caller.id, problem=str(error))

    async def reply(self, caller: Caller, body: bytes) -> None:
        """Send a result to the reply queue of its caller.

        Raises:
            BrokerUnavailableError: the connection is lost.

        """
        if not caller.wants_result or not caller.id or not caller.reply_to:
            return
        await self._publishing.publish(
            self._replies,
            body,
            exchange="",
            routing_key=caller.reply_to,
            properties=spec.Basic.Properties(
                content_type="application/json",
                content_encoding="utf-8",
                correlation_id=caller.correlation_id,
                message_id=caller.id,
                delivery_mode=1,
            ),
        )

    async def store(self, caller: Caller, body: bytes) -> None:
        """Write a result to Redis.

        Raises:
            ResultBackendUnavailableError: Redis did not take it.

        """
        if self._redis is not None and caller.wants_result and caller.id:
            await self._redis.store(caller.id, body)
