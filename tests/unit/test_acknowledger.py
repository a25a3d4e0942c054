"""Runs of acknowledgements: each settled delivery is covered once, and none that is still being handled."""

import asyncio
from dataclasses import dataclass, field

from aio_pika.exceptions import ChannelInvalidStateError
from hypothesis import given, strategies as st

from service.delivery.acknowledger import Acknowledger, Run


def test_a_run_without_gaps_is_one_acknowledgement():
    run = Run()
    for tag in (2, 1, 3):
        run.settle(tag, acknowledge=True)
    assert run.take() == [(3, True)]


def test_what_is_settled_beyond_a_gap_is_acknowledged_alone():
    run = Run()
    for tag in (1, 3, 4):
        run.settle(tag, acknowledge=True)
    assert run.take() == [(1, True), (3, False), (4, False)]


def test_a_rejected_delivery_is_run_over_but_never_named():
    run = Run()
    run.settle(1, acknowledge=True)
    run.settle(2, acknowledge=False)
    assert run.take() == [(1, True)]
    run.settle(3, acknowledge=True)
    assert run.take() == [(3, True)]


@st.composite
def histories(draw):
    """Deliveries in the order they are settled, some rejected, with a look at the run now and then."""
    count = draw(st.integers(1, 30))
    tags = draw(st.permutations(range(1, count + 1)))
    return [(tag, draw(st.booleans()), draw(st.booleans())) for tag in tags]


@given(histories())
def test_in_any_order_each_settled_delivery_is_acknowledged_once_and_no_other(history):
    run, settled, rejected, gone = Run(), set(), set(), set()

    def look():
        for tag, multiple in run.take():
            covered = {t for t in range(1, tag + 1) if t not in gone} if multiple else {tag}
            assert covered <= settled | rejected, "covers a delivery that is still being handled"
            assert tag in settled, "names a delivery that the broker no longer knows"
            assert tag not in gone, "acknowledges a delivery twice"
            gone.update(covered)

    for tag, acknowledge, then_look in history:
        (settled if acknowledge else rejected).add(tag)
        if not acknowledge:
            gone.add(tag)
        run.settle(tag, acknowledge=acknowledge)
        if then_look:
            look()
    look()
    assert settled <= gone


@dataclass(eq=False)
class SlowChannel:
    """A channel that needs a turn of the loop for each frame, as a real one does, and notes what a broker refuses."""

    unsettled: set[int]
    unknown: list[int] = field(default_factory=list)
    closing: asyncio.Future = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    asked_at: set[int] | None = None
    """What was unsettled when it was asked for an answer."""

    async def flow(self, *, active: bool) -> None:
        self.asked_at = set(self.unsettled)

    async def basic_ack(self, tag: int, *, multiple: bool, wait: bool) -> None:
        await asyncio.sleep(0)
        if tag not in self.unsettled:
            self.unknown.append(tag)
        self.unsettled -= {each for each in self.unsettled if each <= tag} if multiple else {tag}


@dataclass
class Message:
    channel: SlowChannel
    delivery_tag: int


async def test_a_run_does_not_overtake_single_acknowledgements_that_it_covers():
    acknowledger, channel = Acknowledger(), SlowChannel(set(range(1, 201)))
    for tag in range(101, 131):  # beyond a gap: one by one
        acknowledger.acknowledge(Message(channel, tag))
    for _ in range(5):  # some of them are written, not all
        await asyncio.sleep(0)
    for tag in (*range(1, 101), *range(131, 201)):
        acknowledger.acknowledge(Message(channel, tag))
    async with asyncio.timeout(10):
        while channel.unsettled:
            await asyncio.sleep(0)
    for _ in range(50):
        await asyncio.sleep(0)
    assert channel.unknown == []


async def test_what_is_acknowledged_is_known_once_the_broker_answers_after_it():
    acknowledger, channel = Acknowledger(), SlowChannel(set(range(1, 31)))
    for tag in range(1, 31, 2):  # with gaps: one by one
        acknowledger.acknowledge(Message(channel, tag))
    await acknowledger.until_known(channel)
    assert channel.asked_at == set(range(2, 31, 2))


async def test_nobody_waits_for_the_answer_of_a_channel_that_is_lost():
    async def lost(*, active: bool) -> None:
        raise ChannelInvalidStateError("closed")

    channel = SlowChannel({1})
    channel.flow = lost
    async with asyncio.timeout(5):
        await Acknowledger().until_known(channel)


async def test_an_acknowledgement_that_a_lost_channel_cannot_write_holds_up_no_other_channel():
    async def full(tag: int, *, multiple: bool, wait: bool) -> None:
        await asyncio.get_running_loop().create_future()

    acknowledger, lost, channel = Acknowledger(), SlowChannel({1}), SlowChannel({1})
    lost.basic_ack = full
    acknowledger.acknowledge(Message(lost, 1))
    acknowledger.acknowledge(Message(channel, 1))
    async with asyncio.timeout(5):
        await acknowledger.until_known(channel)
        assert channel.asked_at == set()
        # And whoever waits for the lost one does so until it is known to be lost
        waiting = asyncio.create_task(acknowledger.until_known(lost))
        await asyncio.sleep(0)
        lost.closing.set_exception(ConnectionResetError("gone"))
        await waiting
