"""The contract: what is read, what is written, and who is who."""

import json
from uuid import UUID

import pytest
from pydantic import ValidationError

from schemas import (
    COMPLETIONS,
    INPUTS,
    DocumentDeleted,
    DocumentFailed,
    DocumentSubmitted,
    Reason,
    completion_id,
    event_id,
)

GOOD = {"document_id": "a", "version": 1, "text": "x"}


def read(**fields):
    return DocumentSubmitted.read(json.dumps({**GOOD, **fields}).encode())


def test_unknown_fields_are_ignored_on_reading():
    assert read(colour="red").document_id == "a"


def test_unknown_fields_are_forbidden_on_writing():
    with pytest.raises(ValidationError, match="Extra inputs"):
        DocumentSubmitted(**GOOD, colour="red")


def test_events_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        read().version = 2


def test_without_a_version_the_time_in_microseconds_is_the_order():
    event = DocumentDeleted.read(b'{"document_id": "a", "occurred_at": "1970-01-01T00:00:01.000002Z"}')
    assert event.order == 1_000_002


def test_a_version_wins_over_the_time():
    assert read(version=7, occurred_at="2026-01-01T00:00:00Z").order == 7


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"version": None}, "expected version or occurred_at, got neither"),
        ({"version": None, "occurred_at": "1969-12-31T00:00:00Z"}, "expected occurred_at to be 1970 or later"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "timezone"),
        ({"data": "eA=="}, "expected exactly one of text, data and uri, got text and data"),
        ({"text": None}, "expected exactly one of text, data and uri, got none"),
        ({"document_id": ""}, "at least 1 character"),
        ({"document_id": "x" * 513}, "at most 512 characters"),
        ({"version": -1}, "greater than or equal to 0"),
        ({"version": 2**63}, "less than or equal to"),
        ({"metadata": {str(i): i for i in range(65)}}, "at most 64"),
        ({"metadata": {"nested": {"a": 1}}}, "valid string"),
        ({"text": None, "data": "no base64!"}, "expected base64"),
    ],
)
def test_a_wrong_event_is_refused_with_what_was_expected(fields, text):
    with pytest.raises(ValidationError, match=text):
        read(**fields)


@pytest.mark.parametrize("event", [*INPUTS, *COMPLETIONS])
def test_the_examples_of_each_event_are_events_and_survive_a_round_trip(event):
    for example in event.model_config["json_schema_extra"]["examples"]:
        first = event.read(json.dumps(example).encode())
        assert event.read(first.write()) == first


def test_a_failure_without_a_readable_body_has_no_document():
    event = DocumentFailed(
        causation_id="x",
        occurred_at="2026-01-01T00:00:00Z",
        reason=Reason.INVALID_EVENT,
        error="E",
        detail="d",
        attempts=1,
    )
    assert b"document_id" not in event.write()


def test_the_event_id_is_the_message_id_or_a_stable_uuid_of_the_body():
    assert event_id("m1", b"x") == "m1"
    assert event_id(None, b"x") == event_id(None, b"x") != event_id(None, b"y")
    assert UUID(event_id(None, b"\xff\x00")).version == 5


def test_a_completion_id_depends_on_the_input_and_the_kind_only():
    a = "5b1f0b52-2b0e-4c5e-9a53-52a1b1d1f9a0"
    assert completion_id(a, "document.processed") == completion_id(a, "document.processed")
    assert len({completion_id(i, k) for i in (a, "free text") for k in ("document.processed", "document.failed")}) == 4
