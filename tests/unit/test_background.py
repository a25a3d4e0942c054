"""Work beside the messages does not end unseen, and does not hold up the end."""

import asyncio

import pytest
from structlog.testing import CapturingLogger

from service import background
from service.background import at_most, in_background


@pytest.fixture
def log(monkeypatch):
    """What is told. Loggers are kept once they have been used, in this process perhaps by a service."""
    monkeypatch.setattr(background, "log", log := CapturingLogger())
    return log


async def for_ever():
    await asyncio.Event().wait()


async def broken():
    raise KeyError("defect")


async def cancelled_by_another():
    raise asyncio.CancelledError


async def test_work_ends_with_its_block_and_without_a_word(log):
    async with in_background("work", for_ever()):
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "work")
        await asyncio.sleep(0)
    assert task.cancelled()
    await asyncio.sleep(0)
    assert log.calls == []


@pytest.mark.parametrize("work", [broken, cancelled_by_another])
async def test_work_that_ends_before_its_block_is_told_and_the_block_goes_on(log, work):
    async with in_background("work", work()):
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "work")
        await asyncio.wait({task})
        await asyncio.sleep(0)
    (call,) = log.calls
    assert (call.method_name, call.kwargs["work"]) == ("critical", "work")


async def test_work_that_is_too_slow_is_cancelled_and_left_behind():
    cancelled, never = asyncio.Event(), asyncio.Event()

    async def stubborn():
        try:
            await never.wait()
        except asyncio.CancelledError:
            cancelled.set()
            await never.wait()

    assert not await at_most(0, stubborn())
    await cancelled.wait()


async def test_work_that_is_done_in_time_is_done_and_its_error_is_told():
    async def quick():
        pass

    assert await at_most(5, quick())
    with pytest.raises(KeyError):
        await at_most(5, broken())
