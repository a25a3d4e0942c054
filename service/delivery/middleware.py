"""The one middleware: outermost, it puts completions in their envelope and settles every message.

`after_processed` and not `consume_scope`: an error of publishing the completion shows only there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from faststream import BaseMiddleware, ContextRepo
from faststream.exceptions import FastStreamException
from faststream.rabbit.response import RabbitPublishCommand

from schemas import Event, completion_id
from service.delivery.envelope import Envelope, describe
from service.delivery.quarantine import Quarantine, is_suspect
from service.delivery.settlement import CHANNEL_GONE, Settlement
from service.errors import BrokerUnavailableError


class DeliveryMiddleware(BaseMiddleware[RabbitPublishCommand, Any]):
    """Lives for one message. The subscribers' acknowledgement policy is manual: nothing else acknowledges."""

    __slots__ = ("_quarantine", "_settlement")

    def __init__(self, msg: Any, /, *, context: ContextRepo, settlement: Settlement, quarantine: Quarantine) -> None:
        super().__init__(msg, context=context)
        self._settlement = settlement
        self._quarantine = quarantine

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        """Handle a message; one that may kill the process is handled alone."""
        if not is_suspect(self.msg):
            return await call_next(msg)
        async with self._quarantine.alone():
            return await call_next(msg)

    async def publish_scope(
        self, call_next: Callable[[RabbitPublishCommand], Awaitable[Any]], cmd: RabbitPublishCommand
    ) -> Any:
        """Give a completion its identity; wait for the confirm, but not for ever."""
        event = cmd.body
        if isinstance(event, Event):
            sender = Envelope.of(self.msg)
            cmd.body = event.write()
            cmd.correlation_id = sender.correlation_id
            cmd.message_options = {
                **cmd.message_options,
                "message_id": completion_id(sender.event_id, event.kind),
                "message_type": event.kind,
                "content_type": "application/json",
            }
        # FastStream does not hand a publisher's `timeout` on to aio-pika.
        try:
            async with asyncio.timeout(self._settlement.timeout):
                return await call_next(cmd)
        except (*CHANNEL_GONE, FastStreamException, TimeoutError) as error:
            msg = f"expected RabbitMQ to confirm a publish to {cmd.destination!r}, got {describe(error)}"
            raise BrokerUnavailableError(msg) from error

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool:
        """Settle the message. A cancelled handler settles nothing: the broker requeues what it held."""
        if exc_val is None:
            await self._settlement.succeed(self.msg)
            return False
        if not isinstance(exc_val, Exception):
            return False
        queue = self.context.get_local("handler_").queue.name
        await self._settlement.fail(self.msg, queue, exc_val)
        return True
