"""Group commit: batches as large as the load, one culprit alone, no document in two batches at a time."""

import asyncio

import pytest

from service.errors import GraphRejectedError, GraphUnavailableError
from service.graph.changes import Answer
from service.graph.committer import Committer
from tests.support.builders import a_deletion


class ScriptedWriter:
    """Writes when the gate is open; refuses documents called `bad…`."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.batches = []
        self.active = []
        self.error = None
        self.away = False
        self.probed = asyncio.Event()
        self.probe_gate = asyncio.Event()
        self.probe_gate.set()
        self.probe_error = None

    async def __call__(self, changes):
        documents = {change.document_id for change in changes}
        assert not any(documents & other for other in self.active), "a document is in one batch at a time"
        self.active.append(documents)
        self.entered.set()
        try:
            await self.gate.wait()
            if self.away:
                raise GraphUnavailableError("away")
            if self.error:
                raise self.error
            if any(change.document_id.startswith("bad") for change in changes):
                raise GraphRejectedError("no")
            self.batches.append([change.document_id for change in changes])
            return [Answer(change.event_id) for change in changes]
        finally:
            self.active.remove(documents)

    async def probe(self):
        self.probed.set()
        await self.probe_gate.wait()
        if self.probe_error:
            raise self.probe_error
        if self.away:
            raise GraphUnavailableError("away")


@pytest.fixture
async def write():
    return ScriptedWriter()


def committer(write, batch_size=128, transactions=2, hold=60.0):
    return Committer(write, write.probe, batch_size=batch_size, transactions=transactions, hold=hold)


async def let_run(condition):
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_change_alone_is_committed_at_once(write):
    answer = await committer(write).commit(a_deletion("a", 1))
    assert answer.outcome == "a@1"
    assert write.batches == [["a"]]


async def test_what_arrives_in_the_same_turn_of_the_loop_shares_a_batch(write):
    group = committer(write)
    answers = await asyncio.gather(*(group.commit(a_deletion(f"d{i}", 1)) for i in range(10)))
    assert [answer.outcome for answer in answers] == [f"d{i}@1" for i in range(10)]
    assert len(write.batches) == 1


async def test_what_arrives_while_both_transactions_write_goes_together_afterwards(write):
    group = committer(write)
    write.gate.clear()
    tasks = []
    for i in range(2):
        write.entered.clear()
        tasks.append(asyncio.create_task(group.commit(a_deletion(f"first{i}", 1))))
        await write.entered.wait()
    tasks += [asyncio.create_task(group.commit(a_deletion(f"d{i}", 1))) for i in range(50)]
    await asyncio.sleep(0)
    assert group.waiting == 50
    write.gate.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in write.batches] == [1, 1, 50]


async def test_a_batch_never_exceeds_its_size(write):
    group = committer(write, batch_size=8)
    await asyncio.gather(*(group.commit(a_deletion(f"d{i}", 1)) for i in range(30)))
    assert max(len(batch) for batch in write.batches) == 8
    assert sum(len(batch) for batch in write.batches) == 30


async def test_a_document_that_is_being_written_waits_and_others_pass_it(write):
    group = committer(write)
    write.gate.clear()
    tasks = [asyncio.create_task(group.commit(a_deletion("hot", 1)))]
    await write.entered.wait()
    tasks.append(asyncio.create_task(group.commit(a_deletion("hot", 2))))
    tasks.append(asyncio.create_task(group.commit(a_deletion("other", 1))))
    await asyncio.sleep(0)
    write.gate.set()
    await asyncio.gather(*tasks)
    assert write.batches == [["hot"], ["other"], ["hot"]]


async def test_a_refused_batch_is_halved_down_to_the_culprit(write):
    group = committer(write)
    names = [f"d{i}" for i in range(20)]
    names[7] = "bad"
    results = await asyncio.gather(*(group.commit(a_deletion(n, 1)) for n in names), return_exceptions=True)
    assert [n for n, r in zip(names, results, strict=True) if isinstance(r, Exception)] == ["bad"]
    assert isinstance(results[7], GraphRejectedError)


async def test_an_unforeseen_error_is_halved_down_as_well():
    async def write(changes):
        if any(change.document_id == "bad" for change in changes):
            raise KeyError("defect")
        return [Answer(change.event_id) for change in changes]

    group = Committer(write, None, batch_size=8, transactions=1, hold=60)
    good, bad = await asyncio.gather(
        group.commit(a_deletion("good", 1)), group.commit(a_deletion("bad", 1)), return_exceptions=True
    )
    assert good.outcome == "good@1"
    assert isinstance(bad, KeyError)


async def test_while_the_graph_is_away_changes_are_held_and_written_when_it_is_back(write, monkeypatch):
    monkeypatch.setattr("service.graph.committer.FIRST_PAUSE", 0)
    group = committer(write)
    write.away = True
    tasks = [asyncio.create_task(group.commit(a_deletion(f"d{i}", 1))) for i in range(9)]
    await let_run(lambda: group.holding and group.waiting == 9)
    tasks += [asyncio.create_task(group.commit(a_deletion(f"e{i}", 1))) for i in range(3)]
    await let_run(lambda: group.waiting == 12)
    write.away = False
    answers = await asyncio.gather(*tasks)
    assert [answer.outcome for answer in answers] == [f"d{i}@1" for i in range(9)] + [f"e{i}@1" for i in range(3)]
    assert not group.holding
    assert len(write.batches) == 1


async def test_changes_that_were_held_for_too_long_fail(write, monkeypatch):
    monkeypatch.setattr("service.graph.committer.FIRST_PAUSE", 0.001)
    group = committer(write, hold=0.01)
    write.away = True
    with pytest.raises(GraphUnavailableError):
        await group.commit(a_deletion("a", 1))
    write.away = False
    assert (await group.commit(a_deletion("b", 1))).outcome == "b@1"


async def test_changes_that_nobody_waits_for_any_more_are_not_kept_while_the_graph_is_away(write, monkeypatch):
    """A lost channel cancels them, and their messages come again: a connection that flaps would heap them up."""
    monkeypatch.setattr("service.graph.committer.FIRST_PAUSE", 0)
    group = committer(write)
    write.away = True
    tasks = [asyncio.create_task(group.commit(a_deletion(f"d{i}", 1))) for i in range(9)]
    await let_run(lambda: group.holding and group.waiting == 9)
    for task in tasks[1:]:
        task.cancel()
    await let_run(lambda: group.waiting == 1)
    write.away = False
    assert (await tasks[0]).outcome == "d0@1"


async def test_a_moment_of_absence_is_nobodys_fault(write):
    group = committer(write)
    calls = []

    async def flaky(changes):
        calls.append(len(changes))
        if len(calls) == 1:
            raise GraphUnavailableError("connection reset")
        return [Answer(change.event_id) for change in changes]

    group._write = flaky
    assert (await group.commit(a_deletion("a", 1))).outcome == "a@1"
    assert calls == [1, 1]


async def test_a_change_that_makes_a_healthy_graph_fail_fails_alone(write):
    async def fragile(changes):
        if any(change.document_id == "heavy" for change in changes):
            raise GraphUnavailableError("out of memory in this transaction")
        return [Answer(change.event_id) for change in changes]

    group = committer(write)
    group._write = fragile
    names = ["a", "b", "heavy", "c"]
    results = await asyncio.gather(*(group.commit(a_deletion(n, 1)) for n in names), return_exceptions=True)
    assert [n for n, r in zip(names, results, strict=True) if isinstance(r, Exception)] == ["heavy"]


async def test_abandoning_cancels_whoever_waits_and_cuts_transactions_off(write):
    group = committer(write, transactions=1)
    write.gate.clear()
    tasks = [asyncio.create_task(group.commit(a_deletion("first", 1)))]
    await write.entered.wait()
    tasks.append(asyncio.create_task(group.commit(a_deletion("second", 1))))
    await let_run(lambda: group.waiting == 1)
    group.abandon()
    await group.drain()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    assert write.batches == []


async def test_what_is_abandoned_stays_so(write):
    group = committer(write)
    group.abandon()
    with pytest.raises(asyncio.CancelledError):
        await group.commit(a_deletion("late", 1))
    await group.drain()
    assert write.batches == []


@pytest.mark.parametrize("moment", ["before it runs", "while it probes"])
async def test_a_transaction_that_is_cut_off_leaves_nobody_waiting(write, moment):
    group = committer(write)
    write.probe_gate.clear()
    write.away = moment == "while it probes"
    task = asyncio.create_task(group.commit(a_deletion("a", 1)))
    if write.away:
        await write.probed.wait()
    else:
        await let_run(lambda: group._running)
    group.abandon()
    await group.drain()
    async with asyncio.timeout(5):
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)


async def test_a_probe_that_breaks_is_a_graph_that_takes_no_writes(write, monkeypatch):
    monkeypatch.setattr("service.graph.committer.FIRST_PAUSE", 0)
    group = committer(write)
    write.away, write.probe_error = True, RuntimeError("the handler is closed")
    task = asyncio.create_task(group.commit(a_deletion("a", 1)))
    await let_run(lambda: group.holding)
    assert "the handler is closed" in group.problem
    write.away, write.probe_error = False, None
    async with asyncio.timeout(5):
        assert (await task).outcome == "a@1"
    assert group.problem is None


async def test_a_defect_of_the_writer_leaves_nobody_waiting(write):
    async def forgetful(changes):
        return [Answer("one")] * (len(changes) - 1)

    group = committer(write)
    group._write = forgetful
    answers = asyncio.gather(*(group.commit(a_deletion(name, 1)) for name in "ab"), return_exceptions=True)
    async with asyncio.timeout(5):
        assert isinstance((await answers)[1], ValueError)


async def test_a_transaction_that_another_cuts_off_is_tried_again_later(write):
    write.error = asyncio.CancelledError()
    async with asyncio.timeout(5):
        with pytest.raises(GraphUnavailableError):
            await committer(write).commit(a_deletion("a", 1))


async def test_abandoning_ends_the_hold(write):
    group = committer(write)
    write.away = True
    task = asyncio.create_task(group.commit(a_deletion("a", 1)))
    await let_run(lambda: group.holding)
    group.abandon()
    await group.drain()
    assert not group.holding
    assert task.cancelled() or isinstance(
        (await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError
    )


async def test_a_change_cancelled_while_it_waits_is_not_written(write):
    group = committer(write, transactions=1)
    write.gate.clear()
    first = asyncio.create_task(group.commit(a_deletion("first", 1)))
    await write.entered.wait()
    second = asyncio.create_task(group.commit(a_deletion("second", 1)))
    await asyncio.sleep(0)
    second.cancel()
    write.gate.set()
    await first
    await asyncio.gather(second, return_exceptions=True)
    await group.drain()
    assert write.batches == [["first"]]


async def test_a_change_cancelled_while_it_is_written_is_written_to_the_end(write):
    group = committer(write)
    write.gate.clear()
    task = asyncio.create_task(group.commit(a_deletion("a", 1)))
    await write.entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    write.gate.set()
    await group.drain()
    assert write.batches == [["a"]]
