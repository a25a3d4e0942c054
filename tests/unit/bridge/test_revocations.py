"""Revoked tasks are written down until that is confirmed, once each."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from service.bridge import revocations
from service.bridge.control import Revoked
from service.bridge.places import REVOKED
from service.bridge.revocations import Revocations
from service.errors import BrokerUnavailableError


class Stream:
    """Takes what is published; refuses as often as it is told to."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.ids = []
        self._written = asyncio.Event()

    async def publish(self, exchange, routing_key, message):
        assert (exchange, routing_key) == ("", REVOKED)
        if self.refusals:
            self.refusals -= 1
            raise BrokerUnavailableError("no confirm")
        self.ids += json.loads(message.body)
        self._written.set()

    async def holds(self, *ids):
        async with asyncio.timeout(30):
            while self.ids != list(ids):
                self._written.clear()
                await self._written.wait()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(revocations, "PAUSE", 0)


@asynccontextmanager
async def written(noted, stream):
    task = asyncio.create_task(noted.write(stream.publish))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_not_confirmed_is_written_again():
    noted, stream = Revocations(Revoked()), Stream(refusals=2)
    async with written(noted, stream):
        noted.note(["a", "b"])
        await stream.holds("a", "b")
        noted.note(["c"])
        await stream.holds("a", "b", "c")


async def test_what_a_connection_left_unwritten_the_next_one_writes():
    noted, stream = Revocations(Revoked()), Stream()
    async with written(noted, Stream(refusals=1_000_000)):
        noted.note(["a"])
        await asyncio.sleep(0)
    async with written(noted, stream):
        await stream.holds("a")


async def test_what_is_known_already_is_not_written_once_more():
    revoked, stream = Revoked(), Stream()
    revoked.add(["known"])
    noted = Revocations(revoked)
    noted.note(["known"])
    noted.note(["new", "known"])
    async with written(noted, stream):
        await stream.holds("new")
    assert list(revoked) == ["known", "new"]
