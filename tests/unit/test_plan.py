"""The version guard and the chunk diff as a pure function, against a model that knows only the highest version."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st

from schemas import ProcessedOutcome, RemovedOutcome
from service.graph.changes import ChunkRecord, Deletion, DocumentState, Submission
from service.graph.plan import plan
from tests.support.builders import a_deletion, a_submission

NEW = DocumentState(version=-1, live=False, content_hash=None, last_event_id=None, last_answer=None)


class MemoryGraph:
    """Applies plans as the statements do, so that what a plan writes can be compared with what it should."""

    def __init__(self):
        self.registers = {}
        self.chunks = {}
        self.pairs = set()
        self.links = set()

    def write(self, changes):
        result = plan({change.document_id: self.state(change.document_id) for change in changes}, changes)
        for chunk_id in result.removed:
            del self.chunks[chunk_id]
            self.pairs = {pair for pair in self.pairs if chunk_id not in pair}
            self.links = {link for link in self.links if link[1] != chunk_id}
        for pair in result.broken:
            self.pairs.remove(pair)
        for row in result.moved:
            self.chunks[row["id"]].update(row)
        for row in result.chunks:
            assert row["id"] not in self.chunks, "a chunk is created once"
            self.chunks[row["id"]] = dict(row)
        for pair in result.pairs:
            assert pair not in self.pairs, "a pair is created once"
            self.pairs.add(pair)
        for entity in result.entities:
            for chunk_id, _ in entity["links"]:
                assert chunk_id in self.chunks
                self.links.add((entity["id"], chunk_id))
        for row in result.documents:
            self.registers[row["id"]] = {**self.registers.get(row["id"], {}), **row["set"]}
        return result.answers

    def state(self, document_id):
        if (register := self.registers.get(document_id)) is None:
            return NEW
        from service.graph.properties import document_state

        state = document_state(register)
        rows = sorted(self.of(document_id), key=lambda row: row["index"])
        chunks = [ChunkRecord(r["id"], r["index"], r["start"], r["end"], r["page"], r["heading"]) for r in rows]
        return DocumentState(
            state.version, state.live, state.content_hash, state.last_event_id, state.last_answer, chunks
        )

    def of(self, document_id):
        return [row for row in self.chunks.values() if row["documentId"] == document_id]


TEXTS = st.lists(st.sampled_from(["red fox", "blue fox", "owl", "owl hoot", "moss"]), min_size=1, max_size=5)


@st.composite
def histories(draw):
    """Changes of two documents: each version has one content; some come twice; any order; cut into batches."""
    changes = []
    for document in ("a", "b"):
        for version in draw(st.lists(st.integers(0, 9), max_size=6, unique=True)):
            if draw(st.booleans()) and draw(st.booleans()):
                changes.append(a_deletion(document, version))
            else:
                changes.append(a_submission(document, version, *draw(TEXTS)))
    changes += draw(st.lists(st.sampled_from(changes), max_size=4)) if changes else []
    changes = draw(st.permutations(changes))
    cuts = sorted(draw(st.lists(st.integers(0, len(changes)), max_size=4)))
    edges = [0, *cuts, len(changes)]
    return [changes[a:b] for a, b in pairwise(edges) if b > a]


@settings(max_examples=300, deadline=None)
@given(histories())
def test_any_interleaving_gives_the_graph_that_the_highest_version_describes(batches):
    graph = MemoryGraph()
    changes = [change for batch in batches for change in batch]
    for batch in batches:
        graph.write(batch)

    for document in {change.document_id for change in changes}:
        last = max((c for c in changes if c.document_id == document), key=lambda c: c.version)
        texts = [] if isinstance(last, Deletion) else [chunk.text for chunk in last.document.chunks]
        rows = sorted(graph.of(document), key=lambda row: row["index"])
        assert [row["text"] for row in rows] == texts
        ids = [row["id"] for row in rows]
        assert {pair for pair in graph.pairs if pair[0] in ids} == set(pairwise(ids))
        expected_links = {
            (keyword.id, chunk.id)
            for chunk in (last.document.chunks if isinstance(last, Submission) else ())
            for keyword in chunk.keywords
        }
        assert {link for link in graph.links if link[1] in ids} == expected_links
        assert graph.registers[document]["version"] == last.version


@settings(max_examples=100, deadline=None)
@given(histories())
def test_exactly_one_delivery_of_each_effective_version_has_an_effect(batches):
    graph = MemoryGraph()
    effects = {}
    for batch in batches:
        for change, answer in zip(batch, graph.write(batch), strict=True):
            if answer.outcome not in (ProcessedOutcome.SUPERSEDED, RemovedOutcome.SUPERSEDED):
                effects.setdefault((change.document_id, change.version), set()).add((change.event_id, answer.outcome))
    assert all(len(answers) == 1 for answers in effects.values())


def test_a_batch_links_entities_in_the_order_of_their_ids():
    changes = [a_submission("a", 1, "zebra ant"), a_submission("b", 1, "moss bee")]
    result = plan({"a": NEW, "b": NEW}, changes)
    assert [entity["id"] for entity in result.entities] == [
        "keyword:ant",
        "keyword:bee",
        "keyword:moss",
        "keyword:zebra",
    ]
