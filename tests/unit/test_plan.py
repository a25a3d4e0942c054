"""The version guard and the chunk diff as a pure function, against a model that knows only the highest version."""

from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from schemas import ProcessedOutcome, RemovedOutcome
from service.documents import Origin, Validator
from service.graph.changes import STALE, ChunkRecord, Deletion, DocumentState, Submission
from service.graph.plan import plan
from service.graph.properties import document_state
from tests.support.builders import a_confirmation, a_deletion, a_submission

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
            for place, _ in entity["links"]:
                self.links.add((entity["id"], result.chunks[place]["id"]))
        for row in result.documents:
            self.registers[row["id"]] = {**self.registers.get(row["id"], {}), **row["set"]}
        return result.answers

    def state(self, document_id):
        if (register := self.registers.get(document_id)) is None:
            return NEW
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


# --- confirmations ----------------------------------------------------------------------------------------------------


@st.composite
def histories_with_confirmations(draw):
    """Batches as above, in which some submissions come as a confirmation of the same content, true or not any more.

    A confirmation that is stale is followed by its submission, as the handler does.
    """
    batches = draw(histories())
    return [
        [
            a_confirmation(change.document_id, change.version, *[chunk.text for chunk in change.document.chunks])
            if isinstance(change, Submission) and draw(st.booleans())
            else change
            for change in batch
        ]
        for batch in batches
    ], {(c.document_id, c.version): c for batch in batches for c in batch}


@settings(max_examples=200, deadline=None)
@given(histories_with_confirmations())
def test_confirmations_in_any_interleaving_give_the_graph_that_the_highest_version_describes(drawn):
    batches, submissions = drawn
    graph = MemoryGraph()
    for batch in batches:
        answers = graph.write(batch)
        if stale := [c for c, answer in zip(batch, answers, strict=True) if answer is STALE]:
            graph.write([submissions[change.document_id, change.version] for change in stale])

    changes = list(submissions.values())
    for document in {change.document_id for change in changes}:
        last = max((c for c in changes if c.document_id == document), key=lambda c: c.version)
        texts = [] if isinstance(last, Deletion) else [chunk.text for chunk in last.document.chunks]
        rows = sorted(graph.of(document), key=lambda row: row["index"])
        assert [row["text"] for row in rows] == texts
        register = graph.registers[document]
        assert register["version"] == last.version
        if isinstance(last, Submission):
            assert register["contentHash"] == last.document.content_hash
            assert register["lastChunks"][3] == len(texts)
            assert register["keywordCount"] == len({word for text in texts for word in text.split()})


def confirm(graph, change):
    (answer,) = graph.write([change])
    return answer


def test_a_confirmation_of_what_the_graph_holds_moves_the_register_on_and_nothing_else():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "red fox", "owl")])
    before = dict(graph.registers["a"]), dict(graph.chunks)
    answer = confirm(graph, a_confirmation("a", 2, "red fox", "owl"))
    assert answer.outcome is ProcessedOutcome.UNCHANGED
    assert answer.chunks.model_dump() == {"created": 0, "kept": 2, "removed": 0, "total": 2}
    assert answer.keywords == 3
    changed = {"version": 2, "lastEventId": "a@2", "lastOutcome": "unchanged", "lastChunks": [0, 2, 0, 2]}
    assert graph.registers["a"] == before[0] | changed
    assert graph.chunks == before[1]


def test_a_confirmation_never_brings_a_deleted_document_back():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl"), a_deletion("a", 2)])
    assert confirm(graph, a_confirmation("a", 3, "owl")) is STALE
    assert graph.registers["a"]["status"] == "DELETED"
    assert graph.registers["a"]["version"] == 2
    assert graph.chunks == {}


def test_a_confirmation_after_a_newer_deletion_is_superseded():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl"), a_deletion("a", 3)])
    assert confirm(graph, a_confirmation("a", 2, "owl")).outcome is ProcessedOutcome.SUPERSEDED


def test_a_confirmation_does_not_put_its_number_on_another_content():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl"), a_submission("a", 2, "moss")])
    assert confirm(graph, a_confirmation("a", 3, "owl")) is STALE
    assert graph.registers["a"]["version"] == 2


def test_a_confirmation_of_a_document_that_nobody_knows_is_stale():
    assert confirm(MemoryGraph(), a_confirmation("a", 1, "owl")) is STALE


def test_a_repeated_confirmation_gets_the_same_answer():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl")])
    first = confirm(graph, a_confirmation("a", 2, "owl"))
    assert confirm(graph, a_confirmation("a", 2, "owl")) == first
    assert confirm(graph, a_confirmation("a", 2, "owl", event_id="x")).outcome is ProcessedOutcome.SUPERSEDED


def test_a_confirmation_in_the_batch_of_its_deletion_is_stale():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl")])
    removed, answer = graph.write([a_deletion("a", 2), a_confirmation("a", 3, "owl")])
    assert (removed.outcome, answer) == (RemovedOutcome.REMOVED, STALE)
    assert graph.chunks == {}


def test_a_confirmation_in_the_batch_of_its_submission_leaves_the_submission_to_be_written():
    graph = MemoryGraph()
    graph.write([a_submission("a", 1, "owl")])
    answers = graph.write([a_submission("a", 2, "moss", title="New"), a_confirmation("a", 3, "moss")])
    assert [a.outcome for a in answers] == [ProcessedOutcome.UPDATED, ProcessedOutcome.UNCHANGED]
    assert [row["text"] for row in graph.of("a")] == ["moss"]
    assert (graph.registers["a"]["version"], graph.registers["a"]["title"]) == (3, "New")


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_a_submission_and_a_deletion_of_one_id_and_version_are_two_events(together):
    submission, deletion = a_submission("d", 1, "fox", event_id="same"), a_deletion("d", 1, event_id="same")
    for first, second, superseded in (
        (submission, deletion, RemovedOutcome.SUPERSEDED),
        (deletion, submission, ProcessedOutcome.SUPERSEDED),
    ):
        graph = MemoryGraph()
        answers = graph.write([first, second]) if together else graph.write([first]) + graph.write([second])
        assert answers[1].outcome is superseded
        assert graph.write([first]) == answers[:1]


def test_a_deletion_and_a_document_from_elsewhere_forget_the_origin():
    origin = Origin("https://h.example/a", "key", Validator('"1"', None, "here"))
    for change in (a_deletion("a", 2), a_submission("a", 2, "owl")):
        graph = MemoryGraph()
        graph.write([a_submission("a", 1, "owl", origin=origin)])
        assert (graph.registers["a"]["uri"], graph.registers["a"]["etag"]) == ("https://h.example/a", '"1"')
        assert document_state(graph.registers["a"]).origin == origin
        graph.write([change])
        assert document_state(graph.registers["a"]).origin is None
        assert {graph.registers["a"][name] for name in ("uri", "etag", "fetchKey", "fetchLocation")} == {None}
