"""Acknowledgements in runs: one frame for all deliveries of a channel up to the first that is not settled yet.

A delivery tag counts the deliveries of its channel, from 1. So when 1 to 40 are settled and 41 is not, one
acknowledgement with `multiple` covers all 40. What is settled beyond such a gap is acknowledged one by one, as a
document that takes half a minute must not hold back those around it.
"""

import asyncio
from contextlib import suppress
from weakref import WeakKeyDictionary

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import AbstractChannel

from service.delivery.connection import CHANNEL_GONE
from service.delivery.envelope import describe

log = structlog.get_logger(__name__)


class Acknowledger:
    """Acknowledges for one process. Each channel has one consumer, whose deliveries all come by here."""

    def __init__(self) -> None:
        # By AMQP channel and not by aio-pika's, which outlives a reconnect: the tags begin anew with each.
        self._runs: WeakKeyDictionary[AbstractChannel, Run] = WeakKeyDictionary()

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

    async def until_known(self, channel: AbstractChannel) -> None:
        """Return when the broker knows of all that was acknowledged on a channel, or when the channel is lost."""
        with suppress(*CHANNEL_GONE):
            if (writer := self._run(channel).writer) is not None:
                await asyncio.wait({writer})
            # The broker takes the frames of a channel in their order; this one changes nothing, and is answered.
            await channel.flow(active=True)

    def _settle(self, message: AbstractIncomingMessage, *, acknowledge: bool) -> None:
        channel, tag = message.channel, message.delivery_tag
        assert tag is not None
        run = self._run(channel)
        run.settle(tag, acknowledge=acknowledge)
        # One writer for a channel: an acknowledgement of a run must not overtake a single one that it covers, or the
        # broker would close the channel for an unknown delivery tag. It begins in the next turn of the loop.
        if run.writer is None:
            run.writer = asyncio.create_task(_write(channel, run))

    def _run(self, channel: AbstractChannel) -> "Run":
        if (run := self._runs.get(channel)) is None:
            self._runs[channel] = run = Run()
            channel.closing.add_done_callback(run.close)
        return run


class Run:
    """The delivery tags of one channel: which are settled, and which acknowledgements that calls for."""

    def __init__(self) -> None:
        self.writer: asyncio.Task[None] | None = None
        """Writes acknowledgements, while there are any."""
        self._upto = 0
        self._open: list[int] = []
        self._settled: dict[int, bool] = {}
        """Beyond the first gap: tag, and whether an acknowledgement may run over it."""

    def close(self, _: object) -> None:
        """Write no more: nothing takes a frame from the queue of a lost connection, and a full one is waited for."""
        if self.writer is not None:
            self.writer.cancel()

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


async def _write(channel: AbstractChannel, run: Run) -> None:
    try:
        while due := run.take():
            for tag, multiple in due:
                await channel.basic_ack(tag, multiple=multiple, wait=False)
    except CHANNEL_GONE as error:
        # The broker delivers the messages again and finds their event ids in the graph.
        log.info("acknowledgements were lost; the messages will be redelivered", problem=describe(error))
    finally:
        run.writer = None
