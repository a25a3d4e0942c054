"""The watch over a process's own connection: what it tells, what it mends, when it gives up, and that it goes on."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from aio_pika.exceptions import ChannelInvalidStateError
from structlog.testing import CapturingLogger

from service.delivery import watch
from service.delivery.watch import watch_consumers

ROOT = Path(__file__).parents[2]
ENOUGH = watch.GIVE_UP_AFTER + 5
"""Looks after which it would have given up."""


class ScriptedBroker:
    """A broker whose connection is as the script says at each look; what it says last stays so."""

    def __init__(self, *script):
        self._script = list(script)
        self.looks = 0
        self.unblocked = asyncio.Event()
        underlay = SimpleNamespace(_Connection__connection_unblocked=self.unblocked)
        self._connection = SimpleNamespace(transport=SimpleNamespace(connection=underlay))
        self._channel = SimpleNamespace(is_closed=False, restore=self._restore)
        self.restored = 0
        self._deaf = SimpleNamespace(
            queue=SimpleNamespace(name="documents.submitted"), running=False, _queue_obj=None, _consumer_tag=None
        )

    async def _restore(self):
        self.restored += 1

    @property
    def subscribers(self):
        return [self._deaf] if self._now == "deaf" else []

    async def ping(self, timeout):
        await asyncio.sleep(0)
        self._now = self._script[min(self.looks, len(self._script) - 1)]
        self.looks += 1
        if isinstance(self._now, BaseException):
            raise self._now
        self._channel.is_closed = self._now == "mute"
        (self.unblocked.clear if self._now == "blocked" else self.unblocked.set)()
        return self._now != "away"


@pytest.fixture
def watched(monkeypatch):
    """Run the watch until the broker was looked at so often; what it gave up for, what it declared, what it told."""
    monkeypatch.setattr(watch, "INTERVAL", 0)

    async def run(broker, looks, *, answer=None):
        problems, declared = [], []

        async def declare(*_):
            declared.append(broker.looks)

        async def answered(_):
            return answer

        monkeypatch.setattr(watch, "redeclare", declare)
        monkeypatch.setattr(watch, "_answer", answered)
        # Loggers are kept once they have been used, in this process perhaps by a service.
        monkeypatch.setattr(watch, "log", log := CapturingLogger())
        task = asyncio.create_task(watch_consumers(broker, None, problems.append))
        async with asyncio.timeout(10):
            while broker.looks <= looks and not task.done():
                await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return SimpleNamespace(problems=problems, declared=declared, told=[call.args[0] for call in log.calls])

    return run


async def test_a_process_that_does_not_consume_is_mended_first_and_then_given_up(watched):
    seen = await watched(ScriptedBroker("deaf"), ENOUGH)
    assert seen.declared == [watch.MEND_AFTER]
    (problem,) = seen.problems
    assert "expected this process to consume documents.submitted, but it does not" in problem


async def test_a_channel_for_publishing_is_opened_again_at_each_look_and_then_given_up(watched):
    broker = ScriptedBroker("mute")
    (problem,) = (await watched(broker, ENOUGH)).problems
    assert "expected this process to publish, but it does not" in problem
    assert broker.restored >= watch.GIVE_UP_AFTER - 1


async def test_a_channel_for_publishing_that_is_open_again_is_well(watched):
    broker = ScriptedBroker("mute", "fine")
    assert (await watched(broker, ENOUGH)).problems == []
    assert broker.restored == 1


async def test_a_process_that_works_again_is_not_given_up(watched):
    most = ["deaf"] * (watch.GIVE_UP_AFTER - 1)
    assert (await watched(ScriptedBroker(*most, "fine", *most, "fine"), 2 * ENOUGH)).problems == []


@pytest.mark.parametrize("state", ["away", "blocked"])
async def test_a_broker_that_is_away_or_has_an_alarm_is_waited_for(watched, state):
    seen = await watched(ScriptedBroker(state), ENOUGH)
    assert (seen.problems, seen.declared) == ([], [])


async def test_a_connection_that_does_not_come_back_to_a_broker_that_accepts_others_is_given_up(watched):
    (problem,) = (await watched(ScriptedBroker("away"), ENOUGH, answer="accepts others")).problems
    assert "be connected to RabbitMQ, which accepts others" in problem


@pytest.mark.parametrize("error", [asyncio.CancelledError(), ChannelInvalidStateError("was not opened")])
async def test_a_connection_that_breaks_under_a_look_does_not_end_the_watch(watched, error):
    assert (await watched(ScriptedBroker(error, "deaf"), ENOUGH)).problems != []


async def test_losses_and_alarms_are_told_once_each_with_their_end(watched):
    broker = ScriptedBroker("fine", "away", "away", "fine", "blocked", "blocked", "fine")
    told = (await watched(broker, 10)).told
    assert told == [
        "RabbitMQ is away; connecting again every second",
        "RabbitMQ takes no publishes: it has a memory or disk alarm; work is held",
        "RabbitMQ takes publishes again",
    ]
    manual = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [line for line in told if f"`{line}`" not in manual] == []
