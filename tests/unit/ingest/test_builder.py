"""Putting documents together from blocks."""

import pytest
from hypothesis import given, strategies as st

from service.errors import TooLargeError
from service.ingest.formats.builder import DocumentBuilder

CELLS = st.lists(st.text(" \t\n\u00a0|ab", max_size=5), max_size=5)


@given(CELLS)
def test_white_space_in_a_row_is_single_spaces_whatever_cells_hold(cells):
    builder = DocumentBuilder(1000)
    builder.row(cells)
    words = [" ".join(cell.split()) for cell in cells]
    while words and not words[-1]:
        words.pop()
    assert builder.build().text == (f"| {' | '.join(words)} |" if words else "")


@given(st.lists(CELLS, max_size=5))
def test_many_rows_at_a_time_are_the_same_as_one_by_one(rows):
    together, apart = DocumentBuilder(1000), DocumentBuilder(1000)
    together.rows(rows)
    for row in rows:
        apart.row(row)
    assert together.build() == apart.build()


def test_a_table_longer_than_is_written_at_once_has_no_gaps_and_is_refused_where_it_is_too_long():
    rows = [[f"bees {number}", "oak"] for number in range(10_000)]
    builder = DocumentBuilder(1_000_000)
    builder.rows(rows)
    assert builder.build().text == "\n".join(f"| {' | '.join(row)} |" for row in rows)
    with pytest.raises(TooLargeError, match="at most 100000 characters"):
        DocumentBuilder(100_000).rows(rows)
