"""Points in time as people write them, and which events are selected."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from service.cli.journal import _moment
from service.delivery.journal import Entry, Selection

ENTRY = Entry(7, "document.submitted", "m1", "a", 1, datetime(2026, 11, 23, 12, tzinfo=UTC), 10)


@pytest.mark.parametrize(
    "text", ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00+01:00", "2026-11-23 12:00:00.0+00:00", "20261123T120000Z"]
)
def test_a_time_is_iso_8601(text):
    assert _moment(text) == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_time_without_a_zone_is_local():
    assert _moment("2026-11-23") == datetime(2026, 11, 23).astimezone()


def test_a_time_may_be_a_duration_ago():
    assert abs(datetime.now(UTC) - timedelta(hours=2) - _moment("2h")) < timedelta(minutes=1)


def test_anything_else_is_refused():
    with pytest.raises(typer.BadParameter, match="expected a time such as"):
        _moment("yesterday")


def test_all_conditions_hold_together():
    assert Selection().matches(ENTRY)
    assert Selection(document="a", kind="document.submitted").matches(ENTRY)
    assert not Selection(document="a", kind="document.deleted").matches(ENTRY)
    assert not Selection(document="b").matches(ENTRY)


def test_an_entry_is_written_as_json_values():
    assert ENTRY.record() == {
        "offset": 7,
        "kind": "document.submitted",
        "event_id": "m1",
        "document_id": "a",
        "version": 1,
        "published_at": "2026-11-23T12:00:00+00:00",
        "size": 10,
    }
