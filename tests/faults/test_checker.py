"""The verdict itself: a run without a flaw passes, and each kind of flaw is found. No servers."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from schemas import DocumentDeleted, DocumentFailed, DocumentProcessed, DocumentRemoved, Reason, completion_id
from tests.faults.checker import Completion, Node, Seen, judge
from tests.faults.workload import Message, Plan

FIRST = Message("first", "document.submitted", json.dumps({"text": "Old text."}).encode(), "a", 1)
SECOND = Message("second", "document.submitted", json.dumps({"text": "New  text."}).encode(), "a", 2)
REMOVAL = Message("removal", DocumentDeleted.kind, b"{}", "b", 1)
POISON = Message("poison", "document.submitted", b"{", "a", 9, Reason.INVALID_EVENT)


def a_plan() -> Plan:
    plan = Plan()
    for message in (FIRST, SECOND, REMOVAL, POISON):
        plan.add(message)
        plan.publications.append(message)
    return plan


def processed(message: Message, outcome: str, **more) -> Completion:
    kind = DocumentRemoved.kind if message.removes else DocumentProcessed.kind
    body = {"causation_id": message.id, "document_id": message.document_id, "version": message.version}
    return Completion(completion_id(message.id, kind), kind, body | {"outcome": outcome, "duration_ms": 1.0} | more)


def failed(message: Message, reason: str) -> Completion:
    body = {"causation_id": message.id, "reason": reason}
    return Completion(completion_id(message.id, DocumentFailed.kind), DocumentFailed.kind, body)


def flawless(**changes) -> Seen:
    ids = [message.id for message in a_plan().publications]
    seen = Seen(
        attempted=4,
        completions=[
            processed(SECOND, "created"),
            processed(FIRST, "superseded"),
            processed(REMOVAL, "absent"),
            failed(POISON, "invalid_event"),
        ],
        dead=[("poison", "invalid_event")],
        left={"documents.submitted": 0},
        graph={"a": Node(2, "second", "New text."), "b": Node(1, "removal", None)},
        resumed=[0.5, 1.5],
        peak_memory=100 << 20,
    )
    seen.confirmed.update(ids)
    seen.journal.update(ids)
    return replace(seen, **changes)


def test_a_run_without_a_flaw_passes():
    verdict = judge(a_plan(), flawless())
    assert verdict.problems == []
    assert verdict.line("calm") == (
        "calm: attempted 4, confirmed 4, lost 0, unexpected 0, duplicated 0, recovered 0, effects per document 1, "
        "time to resume 1.5 s, peak memory 100 MiB"
    )


def test_repeats_are_counted_and_allowed():
    seen = flawless()
    repeats = [
        processed(SECOND, "created", duration_ms=9.0),
        processed(SECOND, "superseded"),
        processed(REMOVAL, "absent"),
        failed(POISON, "invalid_event"),
    ]
    verdict = judge(a_plan(), replace(seen, completions=[*seen.completions, *repeats]))
    assert verdict.passed
    assert verdict.duplicated == 4


def test_a_message_that_was_there_without_its_confirm_is_recovered():
    seen = flawless()
    seen.journal["first"] += 1
    verdict = judge(a_plan(), seen)
    assert verdict.passed
    assert verdict.recovered == 1


def test_a_gap_in_the_journal_is_counted_and_allowed_when_the_broker_has_restarted():
    seen = flawless(journal=flawless().journal - Counter(["first"]), journal_may_have_gaps=True)
    verdict = judge(a_plan(), seen)
    assert verdict.passed
    assert "unjournaled 1" in verdict.line("restarted")


def test_what_was_answered_only_after_a_replay_is_recovered():
    verdict = judge(a_plan(), flawless(answered_before_replay=frozenset({"first", "poison"})))
    assert verdict.passed
    assert verdict.recovered == 2


def without(message: Message) -> list[Completion]:
    return [completion for completion in flawless().completions if completion.causation_id != message.id]


def test_a_confirmed_message_without_an_answer_is_lost():
    verdict = judge(a_plan(), flawless(completions=without(FIRST)))
    assert verdict.lost == 1
    assert not verdict.passed


STRANGER = Message("stranger", "document.submitted", b"{}", "c", 1)
UNEXPECTED = {
    "an answer to nothing": processed(STRANGER, "created"),
    "a failure of a good one": failed(FIRST, "graph_unavailable"),
    "a success of poison": processed(POISON, "updated"),
    "another reason": failed(POISON, "internal_error"),
    "another kind": replace(processed(REMOVAL, "removed"), kind=DocumentProcessed.kind),
    "another id on a repeat": replace(processed(SECOND, "created"), message_id="random"),
    "another outcome on a repeat": processed(SECOND, "updated"),
    "another content on a repeat": processed(SECOND, "created", keywords=3),
}


@pytest.mark.parametrize("name", UNEXPECTED)
def test_it_is_unexpected_to_see(name):
    verdict = judge(a_plan(), flawless(completions=[*flawless().completions, UNEXPECTED[name]]))
    assert verdict.unexpected >= 1
    assert not verdict.passed


def test_two_effects_of_one_version_are_found():
    twin = replace(SECOND, id="twin")
    plan = a_plan()
    plan.add(twin)
    seen = flawless(completions=[*flawless().completions, processed(twin, "updated")])
    verdict = judge(plan, seen)
    assert verdict.effects == (1, 2)
    assert any("effects: 2 of a version 2" in problem for problem in verdict.problems)


def test_a_last_version_without_an_effect_is_found():
    seen = flawless(completions=[*without(SECOND), processed(SECOND, "superseded")])
    verdict = judge(a_plan(), seen)
    assert verdict.effects == (0, 1)
    assert not verdict.passed


FLAWS = {
    "a message left in a queue": {"left": {"documents.submitted": 1}},
    "no dead letter of the poison": {"dead": []},
    "a dead letter for another reason": {"dead": [("poison", "crash_loop")]},
    "a dead letter of a good message": {"dead": [("poison", "invalid_event"), ("first", "internal_error")]},
    "an older version in the graph": {"graph": flawless().graph | {"a": Node(1, "first", "Old text.")}},
    "the right version with a wrong text": {"graph": flawless().graph | {"a": Node(2, "second", "Old text.")}},
    "a live document that was removed": {"graph": flawless().graph | {"b": Node(1, "removal", "Text.")}},
    "a missing document": {"graph": {"a": flawless().graph["a"]}},
    "a document of nobody": {"graph": flawless().graph | {"c": Node(1, "stranger", "Text.")}},
    "a broken graph": {"graph_problems": ["graph: 2 chunks, expected 1"]},
    "no completion after a fault": {"resumed": [0.5, None]},
    "a confirmed message that is not in the journal": {"journal": flawless().journal - Counter(["first"])},
    "a publication that was never confirmed": {"confirmed": flawless().confirmed - Counter(["first"])},
}


@pytest.mark.parametrize("name", FLAWS)
def test_it_does_not_pass_with(name):
    assert not judge(a_plan(), flawless(**FLAWS[name])).passed
