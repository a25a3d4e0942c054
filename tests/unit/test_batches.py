"""Group commit and version guard together, over any interleaving, any cut into batches and any lost answers."""

import asyncio
from unittest.mock import patch

from hypothesis import given, settings, strategies as st

from service.errors import GraphUnavailableError
from service.graph.changes import Deletion
from service.graph.committer import Committer
from tests.unit.test_plan import MemoryGraph, histories

FATES = ("done", "lost", "away", "broken")


class FlakyGraph(MemoryGraph):
    """Writes with a fate for each transaction; when those are used up, all goes well."""

    def __init__(self, fates):
        super().__init__()
        self._fates = list(fates)
        self._absence = 0

    async def commit(self, changes):
        await asyncio.sleep(0)
        fate = self._fates.pop() if self._fates else "done"
        if fate == "broken":
            raise KeyError("a defect")
        if fate == "away":
            self._absence = 2
            raise GraphUnavailableError("away, and nothing is committed")
        answers = self.write(changes)
        if fate == "lost":
            raise GraphUnavailableError("committed, but the answer is lost")
        return answers

    async def probe(self):
        if self._absence:
            self._absence -= 1
            raise GraphUnavailableError("away")


async def deliver(group, change, effects):
    """Commit a change as its message would: what fails comes again, until it is answered."""
    while True:
        try:
            answer = await group.commit(change)
        except (GraphUnavailableError, KeyError):
            continue
        if answer.outcome != "superseded":
            effects.setdefault((change.document_id, change.version), set()).add((change.event_id, answer.outcome))
        return


async def commit_all(graph, arrivals, batch_size, transactions):
    group = Committer(graph.commit, graph.probe, batch_size=batch_size, transactions=transactions, hold=60)
    effects = {}
    async with asyncio.timeout(20), asyncio.TaskGroup() as deliveries:
        for together in arrivals:
            for change in together:
                deliveries.create_task(deliver(group, change, effects))
            await asyncio.sleep(0)
    return effects


@settings(max_examples=200, deadline=None)
@given(histories(), st.lists(st.sampled_from(FATES), max_size=15), st.integers(1, 5), st.integers(1, 3))
def test_whatever_gets_lost_the_highest_version_wins_and_no_version_has_two_effects(
    arrivals, fates, batch_size, transactions
):
    graph = FlakyGraph(fates)
    with patch("service.graph.committer.FIRST_PAUSE", 0):
        effects = asyncio.run(commit_all(graph, arrivals, batch_size, transactions))

    changes = [change for together in arrivals for change in together]
    for document in {change.document_id for change in changes}:
        last = max((c for c in changes if c.document_id == document), key=lambda c: c.version)
        texts = [] if isinstance(last, Deletion) else [chunk.text for chunk in last.document.chunks]
        rows = sorted(graph.of(document), key=lambda row: row["index"])
        assert [row["text"] for row in rows] == texts
        assert graph.registers[document]["version"] == last.version
        assert len(effects[document, last.version]) == 1
    assert all(len(answers) == 1 for answers in effects.values())
