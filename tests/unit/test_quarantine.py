"""Suspects go one at a time, in random order."""

import asyncio
from types import SimpleNamespace

import pytest

from service.delivery.quarantine import Quarantine, is_suspect


@pytest.mark.parametrize(
    ("headers", "suspect"), [({}, False), ({"x-delivery-count": 2}, False), ({"x-delivery-count": 3}, True)]
)
def test_a_message_is_suspect_after_three_deliveries_without_an_answer(headers, suspect):
    assert is_suspect(SimpleNamespace(headers=headers)) is suspect


async def handle(quarantine, name, inside, order):
    async with quarantine.alone():
        inside.append(name)
        assert len(inside) == 1
        await asyncio.sleep(0)
        order.append(name)
        inside.remove(name)


async def test_suspects_are_handled_one_at_a_time_and_all_get_their_turn():
    quarantine, inside, order = Quarantine(), [], []
    await asyncio.gather(*(handle(quarantine, name, inside, order) for name in range(50)))
    assert sorted(order) == list(range(50))
    assert order != sorted(order)


async def test_in_twenty_lives_a_killer_does_not_keep_its_neighbours_from_being_handled():
    """In each life all that is left is delivered again, the killer first, and the life ends at the killer's turn."""
    innocent, lives = set(range(200)), 0
    while innocent and lives < 17:  # the delivery limit is 20, and the first three deliveries are made all at once
        lives += 1
        quarantine, dead = Quarantine(), asyncio.Event()

        async def life(name, quarantine=quarantine, dead=dead):
            async with quarantine.alone():
                if name == "killer":
                    dead.set()
                elif not dead.is_set():
                    innocent.discard(name)

        await asyncio.gather(*(life(name) for name in ["killer", *innocent]))
    assert not innocent


async def test_a_suspect_that_is_cancelled_makes_room_for_the_next():
    quarantine, order = Quarantine(), []
    waiting = asyncio.Event()

    async def hold():
        async with quarantine.alone():
            waiting.set()
            await asyncio.Event().wait()

    first = asyncio.create_task(hold())
    await waiting.wait()
    second = asyncio.create_task(handle(quarantine, "second", [], order))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert order == ["second"]


async def test_suspects_that_are_cancelled_together_make_room_for_the_next():
    """As they are when their channel is lost: the one inside leaves before those who wait have heard of it."""
    quarantine, order = Quarantine(), []
    waiting = asyncio.Event()

    async def hold():
        async with quarantine.alone():
            waiting.set()
            await asyncio.Event().wait()

    first = asyncio.create_task(hold())
    await waiting.wait()
    others = [asyncio.create_task(handle(quarantine, name, [], order)) for name in range(5)]
    await asyncio.sleep(0)
    for task in (first, *others):
        task.cancel()
    results = await asyncio.gather(first, *others, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    async with asyncio.timeout(5):
        await handle(quarantine, "next", [], order)
    assert order == ["next"]
