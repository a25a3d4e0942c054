"""CSV and TSV."""

import pytest

from service.ingest import media_types
from tests.unit.ingest.formats.builders import parsed


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_by_the_first_lines(separator):
    text = f'Hive{separator}Frames\n"Oak{separator} old"{separator}12\n\nLime{separator}"8\nor 9"\n'
    read = parsed(text.encode(), media_types.CSV)
    assert read.text == f"| Hive | Frames |\n| Oak{separator.replace(chr(9), '')} old | 12 |\n| Lime | 8 or 9 |"


def test_tabs_separate_whatever_else_is_there():
    assert parsed(b"a,b\tc;d\n", None, "x.tsv").text == "| a,b | c;d |"


def test_a_table_of_one_column_and_one_in_another_charset_are_read():
    assert parsed(b"Hive\nOak\n", media_types.CSV).text == "| Hive |\n| Oak |"
    assert (
        parsed("Stöcke;Rähmchen\n".encode("cp1252"), "text/csv; charset=windows-1252").text == "| Stöcke | Rähmchen |"
    )


def test_a_quote_that_does_not_end_is_read_to_the_end():
    assert parsed(b'a,"b\nc,d', media_types.CSV).text == "| a | b c,d |"
