"""Rows of plain cells are read as they are where the whole of the sheet is parsed."""

import pytest

from service.errors import CorruptError
from service.ingest.formats.opendocument_rows import PlainRows
from tests.unit.ingest.formats.builders import DECLARATION, odf, parsed, with_member

PREFIXES = (
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)
EMPTY = "<table:table-cell/>"
COMMENT = "<!-- bees -->"
"""Wherever it stands, it makes the reader parse the whole."""


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell{attributes}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str) -> str:
    return f'<table:table-row table:style-name="ro1">{"".join(cells)}</table:table-row>'


def sheet(*rows: str) -> str:
    return f'<office:spreadsheet><table:table table:name="Hives">{"".join(rows)}</table:table></office:spreadsheet>'


def cut(*rows: str, prefixes: str = PREFIXES, declaration: str = DECLARATION) -> tuple[PlainRows, str]:
    plain = PlainRows()
    return plain, plain.cut(f"{declaration}<x {prefixes}>{''.join(rows)}</x>".encode()).decode()


@pytest.mark.parametrize(
    "rows",
    [
        [row(cell("Oak"), cell("12 %"), cell("東港")), row(cell("Lime"), cell("3.50 €"))],
        [row(cell("don&apos;t"), cell("&lt;b&gt; &amp;lt; &quot;q&quot;"))],
        [row(EMPTY, cell("Oak"), EMPTY), row(EMPTY), row()],
        [row(cell("a", ' table:number-columns-repeated="3"'), "<table:covered-table-cell/>", cell("b"))],
        [row(cell("a"), f'<table:table-cell table:number-columns-repeated="{"9" * 5000}"/>', cell("b"))],
        [row(cell(" two\n  lines ")), row(cell("")), row(cell("a > b", ' table:formula="of:=1>2"'))],
        [row(cell("plain")), row(cell("<text:a>linked</text:a>")), row(cell("&#233;")), row(cell("plain again"))],
        ["<table:table-header-rows>", row(cell("head")), "</table:table-header-rows>", row(cell("body"))],
    ],
)
def test_cut_out_rows_are_read_as_parsed_ones(rows):
    assert cut(*rows)[0]
    assert parsed(odf(sheet(*rows), "spreadsheet")) == parsed(odf(sheet(COMMENT, *rows), "spreadsheet"))


def test_a_row_with_more_than_plain_cells_stays_in_the_xml_and_the_others_do_not():
    linked = row(cell("<text:a>linked</text:a>"))
    plain, rest = cut(row(cell("Oak")), row(cell("Lime")), linked, row(cell("Ash")))
    assert len(plain) == 2
    assert linked in rest
    assert "Oak" not in rest
    assert [list(plain.rows(number)) for number in ("0", "1", "2")] == [[["Oak"], ["Lime"], []], [["Ash"], []], [[]]]


@pytest.mark.parametrize(
    "hidden",
    [
        f"<!--{row(cell('Oak'))}-->",
        f"<![CDATA[{row(cell('Oak'))}]]>",
        f"<?rows {row(cell('Oak'))}?>",
        f'<y xmlns:table="urn:other">{row(cell("Oak"))}</y>',
        f"<y xmlns:text='urn:other'>{row(cell('Oak'))}</y>",
    ],
)
def test_nothing_is_cut_out_where_characters_do_not_tell_what_is_a_row(hidden):
    plain, rest = cut(row(cell("Lime")), hidden)
    assert not plain
    assert hidden in rest


def test_nothing_is_cut_out_of_another_charset_or_vocabulary():
    rows = row(cell("Oak"))
    assert not cut(rows, declaration="")[0]
    assert not cut(rows, declaration='<?xml version="1.0" encoding="ISO-8859-1"?>')[0]
    assert not cut(rows, prefixes=PREFIXES.replace("table:1.0", "table:2.0"))[0]
    assert not cut(f'<table:table-row xmlns:table="urn:other">{cell("Oak")}</table:table-row>')[0]


@pytest.mark.parametrize("text", ["\x01", "&nbsp;", "</text:p>", "\udcff"])
def test_a_damaged_cell_is_left_to_the_parser_which_refuses_it(text):
    content = f"{DECLARATION}<x {PREFIXES}>{row(cell(text))}</x>".encode("utf-8", "surrogateescape")
    plain = PlainRows()
    assert plain.cut(content) == content
    with pytest.raises(CorruptError, match=r"content\.xml"):
        parsed(with_member(odf("", "spreadsheet"), "content.xml", content))


def test_a_text_that_calls_itself_a_spreadsheet_loses_no_rows():
    table = f"<office:text><table:table>{row(cell('Oak'), cell('Lime'))}</table:table></office:text>"
    assert parsed(odf(table, "spreadsheet")).text == "| Oak | Lime |"


def test_an_element_that_stands_for_rows_by_itself_is_nothing():
    forged = '<table:plain-rows table:number="0"/><table:plain-rows table:number="0"/><table:plain-rows/>'
    assert parsed(odf(sheet(forged, row(cell("Oak"))), "spreadsheet")).text == "# Hives\n\n| Oak |"
