"""The sheets of an ODS: rows of cells, as they are shown. A sheet is a page, and a section of its name."""

from lxml import etree

from service.errors import TooLargeError
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.opendocument_names import (
    CELL,
    COVERED,
    HEADING,
    MOST_REPEATED,
    PARAGRAPH,
    REPEATED,
    ROW,
    SHEET,
    TABLE,
    limited,
)
from service.ingest.formats.opendocument_rows import NUMBER, PLAIN, PlainRows, filled
from service.ingest.options import IngestOptions

_NAME, _SHAPES = TABLE + "name", TABLE + "shapes"


def write(sheets: etree._Element, plain: PlainRows, builder: DocumentBuilder, options: IngestOptions) -> None:
    """Write all sheets.

    Args:
        sheets: their elements.
        plain: the rows that were cut out of them.
        builder: gets the rows.
        options: limits.

    Raises:
        TooLargeError: there are more than `options.max_pages`, or too much text in them.

    """
    for page, sheet in enumerate(sheets.iterchildren(SHEET), 1):
        if page > options.max_pages:
            msg = f"expected at most {options.max_pages} sheets or slides, got more"
            raise TooLargeError(msg)
        builder.page(page)
        builder.heading(1, sheet.get(_NAME, ""))
        for part in sheet.iter(ROW, PLAIN, _SHAPES):
            if part.tag == ROW:
                builder.row(filled(map(_copies_and_text, part.iterchildren(CELL, COVERED))))
            elif part.tag == PLAIN:
                builder.rows(plain.rows(part.get(NUMBER, "")))
            else:
                for text in _paragraphs(part):
                    builder.paragraph(text)


def _copies_and_text(cell: etree._Element) -> tuple[int, str]:
    copies = cell.get(REPEATED)
    return 1 if copies is None else limited(copies, MOST_REPEATED), _text(cell)


def _text(cell: etree._Element) -> str:
    inside = len(cell)
    if not inside:
        return ""
    # Nearly all cells hold one plain paragraph.
    if inside == 1 and not len(paragraph := cell[0]) and paragraph.tag == PARAGRAPH:
        return paragraph.text or ""
    return " ".join(_paragraphs(cell))


def _paragraphs(element: etree._Element) -> list[str]:
    texts = ("".join(paragraph.itertext()).strip() for paragraph in element.iter(PARAGRAPH, HEADING))
    return [text for text in texts if text]
