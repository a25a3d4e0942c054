"""JSON and JSON Lines."""

import pytest

from service.errors import CorruptError, NoTextError, TooLargeError, UnsafeError
from service.ingest import media_types
from tests.unit.ingest.formats.builders import parsed


def test_values_stand_with_their_names_in_the_order_of_the_file():
    text = (
        '{"title": "Hives", "count": 2, "open": true, "none": null, "price": 1.10, "tags": ["oak", "lime"],'
        ' "hives": [{"name": "A", "frames": 12}, {"name": "B", "queen": {"born": 2024}}]}'
    )
    read = parsed(text.encode(), media_types.JSON)
    assert read.title == "Hives"
    assert read.text == (
        "title: Hives\ncount: 2\nopen: true\nprice: 1.10\ntags: oak, lime\n\n"
        "hives.name: A\nhives.frames: 12\n\nhives.name: B\n\nhives.queen.born: 2024"
    )


def test_records_in_a_list_or_in_lines_are_paragraphs():
    records = '{"a": "蜂"}', '{"a": "蜜"}'
    expected = "a: 蜂\n\na: 蜜"
    assert parsed(f"[{','.join(records)}]".encode(), media_types.JSON).text == expected
    assert parsed("\n\n".join(records).encode(), media_types.JSONL).text == expected
    # Lines of JSON are often called JSON.
    assert parsed("\n".join(records).encode(), None, "a.json").text == expected


def test_a_word_and_a_number_are_json_too():
    assert parsed(b'"bees"', media_types.JSON).text == "bees"
    assert parsed(b"9" * 100_000, media_types.JSON).text == "9" * 100_000


@pytest.mark.parametrize("content", [b"{", b"bees", b'{"a": }', b'{"a": "b"} x', b"[1,]"])
def test_what_is_no_json_is_corrupt_and_the_place_is_named(content):
    with pytest.raises(CorruptError, match=r"line \d+, column \d+"):
        parsed(content, media_types.JSON)


def test_nesting_without_end_is_unsafe():
    with pytest.raises(UnsafeError, match="at most 512"):
        parsed(b"[" * 900 + b'"a",[]' + b"]" * 900, media_types.JSON)
    for deep in (b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(UnsafeError, match="at most 512 elements inside each other, got more"):
            parsed(deep, media_types.JSON)


def test_names_that_grow_with_the_depth_stay_bounded():
    deep = '{"' + "a" * 1000 + '": '
    read = parsed((deep * 100 + '"end"' + "}" * 100).encode(), media_types.JSON)
    assert len(read.text) < 300
    with pytest.raises(TooLargeError, match="at most 50 characters"):
        parsed(b'["' + b"x" * 100 + b'"]', media_types.JSON, max_characters=50)


def test_json_without_values_has_no_text():
    with pytest.raises(NoTextError):
        parsed(b'{"a": [null, {}], "b": ""}', media_types.JSON)
