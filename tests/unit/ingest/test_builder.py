"""Putting documents together from blocks."""

from hypothesis import given, strategies as st

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
