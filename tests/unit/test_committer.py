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

    async def __call__(self, changes):
        documents = {change.document_id for change in changes}
        assert not any(documents & other for other in self.active), "a document is in one batch at a time"
        self.active.append(documents)
        self.entered.set()
        try:
            await self.gate.wait()
            if self.error:
                raise self.error
            if any(change.document_id.startswith("bad") for change in changes):
                raise GraphRejectedError("no")
            self.batches.append([change.document_id for change in changes])
            return [Answer(change.event_id) for change in changes]
        finally:
            self.active.remove(documents)


@pytest.fixture
async def write():
    return ScriptedWriter()


def committer(write, batch_size=128, transactions=2):
    return Committer(write, batch_size=batch_size, transactions=transactions)


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

    group = committer(write)
    good, bad = await asyncio.gather(
        group.commit(a_deletion("good", 1)), group.commit(a_deletion("bad", 1)), return_exceptions=True
    )
    assert good.outcome == "good@1"
    assert isinstance(bad, KeyError)


async def test_a_graph_that_is_away_fails_the_whole_batch_without_halving(write):
    write.error = GraphUnavailableError("away")
    group = committer(write)
    results = await asyncio.gather(*(group.commit(a_deletion(f"d{i}", 1)) for i in range(9)), return_exceptions=True)
    assert {type(result) for result in results} == {GraphUnavailableError}
    write.error = None
    assert (await group.commit(a_deletion("next", 1))).outcome == "next@1"


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
