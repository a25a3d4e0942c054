"""What a dead letter tells, which are wanted, what a copy keeps, and what an edit may do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pamqp import decode, encode

from schemas import event_id
from service.delivery.copies import copy_of, destination
from service.delivery.dead_letters import DeadLetter, Wanted, full_record, readable
from service.delivery.edits import EditError, assign, check, edit_body, parse_assignment

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROPERTIES = (
    "message_id correlation_id type content_type content_encoding timestamp app_id reply_to priority "
    "exchange routing_key"
)


def a_message(body: bytes = b'{"document_id": "a", "version": 3}', headers: dict | None = None, **properties):
    values = dict.fromkeys(PROPERTIES.split()) | {"exchange": "", "routing_key": "documents.dead"} | properties
    return SimpleNamespace(body=body, headers=headers or {}, **values)


def a_letter(**headers) -> DeadLetter:
    return DeadLetter.of(
        a_message(headers={f"docgraph-{key.replace('_', '-')}": value for key, value in headers.items()})
    )


def test_a_letter_reads_the_headers_of_the_service():
    letter = a_letter(
        reason="corrupt",
        error="CorruptError",
        detail="expected a zip",
        attempts=2,
        exchange="documents",
        routing_key="document.submitted",
        last_failed_at="2026-11-23T12:00:00+00:00",
    )
    assert (letter.reason, letter.error, letter.detail, letter.attempts) == (
        "corrupt",
        "CorruptError",
        "expected a zip",
        2,
    )
    assert (letter.document_id, letter.version, letter.last_failed_at) == ("a", 3, NOON)
    assert (letter.exchange, letter.routing_key) == ("documents", "document.submitted")


def test_a_letter_that_the_broker_moved_is_a_crash_loop_and_knows_where_it_came_from():
    deaths = [
        {"reason": "delivery_limit", "queue": "documents.crashed", "time": NOON, "exchange": "", "routing-keys": ["x"]},
        {"reason": "delivery_limit", "exchange": "documents", "routing-keys": ["document.deleted"]},
    ]
    letter = DeadLetter.of(a_message(headers={"x-death": deaths}))
    assert (letter.reason, letter.attempts, letter.last_failed_at) == ("crash_loop", None, NOON)
    assert destination(letter.exchange, letter.routing_key) == ("", "documents.deleted")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"document_id": 7}'])
def test_a_letter_with_any_body_and_any_headers_can_be_read(body):
    letter = DeadLetter.of(a_message(body, {"docgraph-reason": 7, "docgraph-last-failed-at": "soon", "x-death": ["?"]}))
    assert (letter.reason, letter.document_id, letter.last_failed_at) == ("", None, None)
    assert len(letter.cells()) == 7


def test_a_letter_of_unknown_age_is_neither_old_nor_young():
    assert not Wanted(older_than=timedelta(0)).matches(a_letter(), NOON)
    assert not Wanted(newer_than=timedelta(days=1)).matches(a_letter(), NOON)
    assert Wanted().matches(a_letter(), NOON)


def test_inputs_go_to_their_work_queue_and_all_else_where_it_came_from():
    assert destination("documents", "document.submitted") == ("", "documents.submitted")
    assert destination("documents", "document.renamed") == ("documents", "document.renamed")
    assert destination("others", "document.submitted") == ("others", "document.submitted")
    assert destination("documents", "document.submitted", changed=True) == ("documents", "document.submitted")


def test_a_copy_of_a_message_without_id_has_the_id_of_the_body_it_came_with():
    message = a_message()
    copy = copy_of(message, b"{}")
    assert copy.body == b"{}"
    assert copy.message_id == event_id(None, message.body)


def test_a_copy_keeps_the_headers_that_can_be_written_and_drops_the_others():
    headers = {
        "name": "bees",
        "latin": b"\xe9t\xe9",
        "nested": {"list": [b"\xff", 1, None]},
        "half": 0.5,
        "huge": 1e300,
        "exact": Decimal(1 << 31),
        "deep": {"list": [1e300]},
    }
    copy = copy_of(a_message(headers=headers))
    assert copy.headers == {
        "name": "bees",
        "latin": b"\xe9t\xe9",
        "nested": {"list": [b"\xff", 1, None]},
        "half": 0.5,
    }
    _, written = decode.field_table(encode.field_table(copy.headers))
    assert written == copy.headers


def test_a_copy_keeps_as_many_headers_as_fit_into_a_frame_beside_ours():
    headers = {"small": "x", **{f"large-{number}": "x" * 20_000 for number in range(6)}, "last": "y"}
    copy = copy_of(a_message(headers=headers))
    assert list(copy.headers) == ["small", "large-0", "large-1", "large-2", "large-3", "last"]


def test_assignments_are_json_values():
    assert parse_assignment("version=3") == ("version", 3)
    assert parse_assignment('title="a=b"') == ("title", "a=b")
    assert parse_assignment("text=null") == ("text", None)
    for wrong in ("version", "=3", "title=Bees"):
        with pytest.raises(EditError, match="expected KEY=VALUE with a JSON value"):
            parse_assignment(wrong)


def test_fields_are_set_in_an_object_only():
    assert assign(b'{"a": 1, "b": 2}', {"b": 3}) == b'{"a": 1, "b": 3}'
    for wrong in (b"", b"[1]", b"\xff"):
        with pytest.raises(EditError, match="expected a JSON object"):
            assign(wrong, {"b": 3})


def test_an_edit_that_the_service_would_refuse_is_refused_here():
    check("document.deleted", b'{"document_id": "a", "version": 1}')
    check("document.renamed", b"anything")
    with pytest.raises(EditError, match=r"a document\.deleted, got: version"):
        check("document.deleted", b'{"document_id": "a", "version": "soon"}')


async def test_a_body_that_was_not_changed_in_the_editor_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("VISUAL", "true")
    assert await edit_body(b'{"a":1}') == b'{"a":1}'
    with pytest.raises(EditError, match="expected a body in UTF-8"):
        await edit_body(b"\xff")


def test_a_record_holds_what_json_can_hold():
    record = full_record(a_message(b"\xff", {"n": None, "l": [b"x", 1.5], "t": NOON}, timestamp=NOON))
    assert record["headers"] == {"n": None, "l": ["x", 1.5], "t": "2026-11-23T12:00:00+00:00"}
    assert record["properties"] == {"timestamp": "2026-11-23T12:00:00+00:00"}
    assert record["base64"] == "/w=="


def test_control_characters_do_not_reach_the_terminal():
    assert readable("a\x1b[31m\u202eb\n") == "a\ufffd[31m\ufffdb\n"
