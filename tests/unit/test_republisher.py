"""A copy without a confirm is never taken for one with it."""

import asyncio
from types import SimpleNamespace

import aio_pika
import pytest

from service.delivery.republisher import Republisher


class Channel:
    """Publishes to an exchange that keeps everybody waiting for the confirm, as one of a frozen broker does."""

    is_closed = True

    def __init__(self):
        self.default_exchange = self
        self.waiting = asyncio.Event()

    async def publish(self, *_, **__):
        self.waiting.set()
        await asyncio.Event().wait()


async def test_a_replay_whose_confirms_are_cancelled_ends_with_an_error():
    """As aiormq does with all who wait for a frame when it closes a connection for want of heartbeats."""
    channel = Channel()

    async def open_channel(**_):
        return channel

    settled = []

    async def settle(problem):
        settled.append(problem)

    async def replay():
        async with Republisher(SimpleNamespace(channel=open_channel)) as copies:
            await copies.send(aio_pika.Message(b"", message_id="m1"), "", "documents.submitted", settle)
            await channel.waiting.wait()
            (task,) = copies._tasks
            task.cancel()

    with pytest.raises(ConnectionResetError, match="lost"):
        await replay()
    assert settled == []
