"""The version guard and the chunk diff: from what stands in the graph and what is asked to what is written.

Pure: no driver, no clock. `plan` is what the property tests drive.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from schemas import ChunkCounts, ProcessedOutcome, RemovedOutcome
from service.documents import PreparedDocument
from service.graph.changes import (
    STALE,
    Answer,
    Change,
    ChunkRecord,
    Confirmation,
    Deletion,
    DocumentState,
    Submission,
)
from service.graph.properties import document_properties, register_properties, tombstone_properties

Row = dict[str, Any]


@dataclass(slots=True)
class Plan:
    """Answers, and the parameters of the statements `retire` and `write`."""

    answers: list[Answer]
    """One for each change, in the order of the changes."""
    documents: list[Row] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    chunks: list[Row] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, tuple[str, list[list[float]]]] = field(default_factory=dict)

    @property
    def retires(self) -> bool:
        """Whether something that stands in the graph is taken away or moved."""
        return bool(self.removed or self.broken or self.moved)

    @property
    def entities(self) -> list[Row]:
        """The links by entity, in the order of entity ids: the order in which locks are taken."""
        return [{"id": id_, "name": name, "links": links} for id_, (name, links) in sorted(self.links.items())]


def plan(states: Mapping[str, DocumentState], changes: Sequence[Change]) -> Plan:
    """Decide what each change does and what is written.

    Args:
        states: the state of every document in `changes`, read under its lock. `chunks` must be given for each live
            document that one of the changes may replace.
        changes: in any order; those of one document are applied in version order.

    """
    by_document: dict[str, list[int]] = defaultdict(list)
    for position, change in enumerate(changes):
        by_document[change.document_id].append(position)
    answers: dict[int, Answer] = {}
    result = Plan(answers=[])
    for document_id, positions in by_document.items():
        state = states[document_id]
        final: Change | None = None
        for position in sorted(positions, key=lambda p: changes[p].version):
            change = changes[position]
            answers[position], next_state = _apply(state, change)
            if next_state is not state:
                state = next_state
                # A confirmation moves the register on; what is written is still the submission that it confirms.
                if final is None or not isinstance(change, Confirmation):
                    final = change
        if final is not None:
            _write(result, states[document_id], state, final)
    result.answers = [answers[position] for position in range(len(changes))]
    return result


def _apply(state: DocumentState, change: Change) -> tuple[Answer, DocumentState]:
    """Return the answer to one change and the state after it; the same state when it has no effect."""
    superseded = RemovedOutcome.SUPERSEDED if isinstance(change, Deletion) else ProcessedOutcome.SUPERSEDED
    if (settled := answer_of(state, change.event_id, change.version, superseded)) is not None:
        return settled, state
    if isinstance(change, Deletion):
        answer = Answer(RemovedOutcome.REMOVED if state.live else RemovedOutcome.ABSENT)
        return answer, DocumentState(change.version, False, None, change.event_id, answer)
    if isinstance(change, Confirmation):
        return _confirm(state, change)
    document = change.document
    answer = _submit(state, document)
    chunks = [ChunkRecord(c.id, c.index, c.start, c.end, c.page, c.heading) for c in document.chunks]
    return answer, DocumentState(change.version, True, document.content_hash, change.event_id, answer, chunks)


def answer_of(
    state: DocumentState, event_id: str, version: int, superseded: ProcessedOutcome | RemovedOutcome
) -> Answer | None:
    """Return the answer to an event that is settled: repeated, or overtaken. None when it is to be applied.

    A settled event stays settled, as versions only grow; so this holds without a lock, too.

    Args:
        state: of the event's document.
        event_id: of the event.
        version: of the event.
        superseded: the outcome of an event of this kind that was overtaken. A submission and a deletion that share id
            and version are two events: the answer to one is none to the other.

    """
    last = state.last_answer
    repeated = version == state.version and event_id == state.last_event_id
    if repeated and last is not None and type(last.outcome) is type(superseded):
        return last
    return Answer(superseded) if version <= state.version else None


def _confirm(state: DocumentState, change: Confirmation) -> tuple[Answer, DocumentState]:
    # Compared here, under the lock, and not when the server was asked: meanwhile the document may have been deleted, or
    # replaced by a version in between, whose content must not live on under this version's number.
    if not state.live or state.content_hash != change.content_hash or state.last_answer is None:
        return STALE, state
    total = state.last_answer.chunks.total
    counts = ChunkCounts(created=0, kept=total, removed=0, total=total)
    answer = Answer(ProcessedOutcome.UNCHANGED, counts, state.last_answer.keywords)
    return answer, replace(state, version=change.version, last_event_id=change.event_id, last_answer=answer)


def _submit(state: DocumentState, document: PreparedDocument) -> Answer:
    total = len(document.chunks)
    keywords = len({keyword.id for chunk in document.chunks for keyword in chunk.keywords})
    if not state.live:
        return Answer(ProcessedOutcome.CREATED, ChunkCounts(created=total, kept=0, removed=0, total=total), keywords)
    if state.content_hash == document.content_hash:
        return Answer(ProcessedOutcome.UNCHANGED, ChunkCounts(created=0, kept=total, removed=0, total=total), keywords)
    before = {chunk.id for chunk in state.chunks}
    kept = sum(chunk.id in before for chunk in document.chunks)
    counts = ChunkCounts(created=total - kept, kept=kept, removed=len(before) - kept, total=total)
    return Answer(ProcessedOutcome.UPDATED, counts, keywords)


def _write(result: Plan, before: DocumentState, after: DocumentState, change: Change) -> None:
    """Add what leads from `before` to `after`, whose last effective change is `change`."""
    if isinstance(change, Deletion):
        result.documents.append({"id": change.document_id, "set": tombstone_properties(after)})
        result.deleted.append(change.document_id)
        result.removed += [chunk.id for chunk in before.chunks]
        return
    if isinstance(change, Confirmation):
        result.documents.append({"id": change.document_id, "set": register_properties(after)})
        return
    result.documents.append({"id": change.document_id, "set": document_properties(after, change.document)})
    if not (before.live and before.content_hash == after.content_hash):
        _diff(result, before.chunks, after.chunks, change)


def _diff(result: Plan, before: Sequence[ChunkRecord], after: Sequence[ChunkRecord], change: Submission) -> None:
    old = {chunk.id: chunk for chunk in before}
    new = {chunk.id for chunk in after}
    result.removed += [id_ for id_ in old if id_ not in new]
    old_pairs = {(a.id, b.id) for a, b in pairwise(before)}
    new_pairs = [(a.id, b.id) for a, b in pairwise(after)]
    result.pairs += [pair for pair in new_pairs if pair not in old_pairs]
    # A pair with a removed chunk goes with the chunk.
    result.broken += sorted(p for p in old_pairs.difference(new_pairs) if p[0] in new and p[1] in new)
    for chunk in change.document.chunks:
        row = {
            "id": chunk.id,
            "index": chunk.index,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading": chunk.heading,
        }
        if (known := old.get(chunk.id)) is None:
            row |= {"documentId": change.document_id, "text": chunk.text, "hash": chunk.hash}
            place = row["place"] = len(result.chunks)
            result.chunks.append(row)
            for keyword in chunk.keywords:
                # A list: for each tuple the driver asks whether it is a special type.
                result.links.setdefault(keyword.id, (keyword.name, []))[1].append([place, keyword.weight])
        elif (known.index, known.start, known.end, known.page, known.heading) != (
            chunk.index,
            chunk.start,
            chunk.end,
            chunk.page,
            chunk.heading,
        ):
            result.moved.append(row)
