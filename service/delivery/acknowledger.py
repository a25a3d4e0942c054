"""Acknowledgements in runs: one frame for all deliveries of a channel up to the first that is not settled yet.

A delivery tag counts the deliveries of its channel, from 1. So when 1 to 40 are settled and 41 is not, one
acknowledgement with `multiple` covers all 40. What is settled beyond such a gap is acknowledged one by one, as a
document that takes half a minute must not hold back those around it.
"""

import asyncio
from weakref import WeakKeyDictionary

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import AbstractChannel

from service.delivery.envelope import describe

log = structlog.get_logger(__name__)

CHANNEL_GONE = (AMQPError, ChannelInvalidStateError, OSError)
"""How the loss of a channel or its connection shows. `ChannelInvalidStateError` is no `AMQPError`."""


class Acknowledger:
    """Acknowledges for one process. Each channel has one consumer, whose deliveries all come by here."""

    def __init__(self) -> None:
        # By AMQP channel and not by aio-pika's, which outlives a reconnect: the tags begin anew with each.
        self._runs: WeakKeyDictionary[AbstractChannel, Run] = WeakKeyDictionary()
        self._scheduled: set[AbstractChannel] = set()
        self._writing: set[asyncio.Task[None]] = set()
        # An acknowledgement of a run must not overtake a single one that it covers: the broker would close the channel
        # for an unknown delivery tag. So what is due is taken only when all before it has been written.
        self._locks: WeakKeyDictionary[AbstractChannel, asyncio.Lock] = WeakKeyDictionary()

    def acknowledge(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge a message, together with what else is settled in this turn of the event loop."""
        self._settle(message, acknowledge=True)

    async def requeue(self, message: AbstractIncomingMessage) -> None:
        """Give a message back to its queue."""
        try:
            await message.reject(requeue=True)
        except CHANNEL_GONE as error:
            log.info("the message will be redelivered", problem=describe(error))
        # Afterwards: an acknowledgement that runs over this tag must not reach the broker before the rejection.
        self._settle(message, acknowledge=False)

    def _settle(self, message: AbstractIncomingMessage, *, acknowledge: bool) -> None:
        channel, tag = message.channel, message.delivery_tag
        assert tag is not None
        self._runs.setdefault(channel, Run()).settle(tag, acknowledge=acknowledge)
        if channel not in self._scheduled:
            self._scheduled.add(channel)
            asyncio.get_running_loop().call_soon(self._start, channel)

    def _start(self, channel: AbstractChannel) -> None:
        self._scheduled.discard(channel)
        task = asyncio.create_task(self._write(channel))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, channel: AbstractChannel) -> None:
        async with self._locks.setdefault(channel, asyncio.Lock()):
            try:
                for tag, multiple in self._runs[channel].take():
                    await channel.basic_ack(tag, multiple=multiple, wait=False)
            except CHANNEL_GONE as error:
                # The broker delivers the messages again and finds their event ids in the graph.
                log.info("acknowledgements were lost; the messages will be redelivered", problem=describe(error))


class Run:
    """The delivery tags of one channel: which are settled, and which acknowledgements that calls for."""

    def __init__(self) -> None:
        self._upto = 0
        self._open: list[int] = []
        self._settled: dict[int, bool] = {}
        """Beyond the first gap: tag, and whether an acknowledgement may run over it."""

    def settle(self, tag: int, *, acknowledge: bool) -> None:
        """Note that a delivery is settled; one that was rejected needs no acknowledgement."""
        self._settled[tag] = acknowledge
        if acknowledge:
            self._open.append(tag)

    def take(self) -> list[tuple[int, bool]]:
        """Return the acknowledgements that are due: tag, and whether it stands for all before it."""
        while self._settled.pop(self._upto + 1, None) is not None:
            self._upto += 1
        opened, self._open = self._open, []
        covered = [tag for tag in opened if tag <= self._upto]
        single = [(tag, False) for tag in opened if tag > self._upto]
        return [(max(covered), True), *single] if covered else single
