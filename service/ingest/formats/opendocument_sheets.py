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
    number,
)
from service.ingest.options import IngestOptions

_NAME, _SHAPES = TABLE + "name", TABLE + "shapes"


def write(sheets: etree._Element, builder: DocumentBuilder, options: IngestOptions) -> None:
    """Write all sheets.

    Raises:
        TooLargeError: there are more than `options.max_pages`, or too much text in them.

    """
    for page, sheet in enumerate(sheets.iterchildren(SHEET), 1):
        if page > options.max_pages:
            msg = f"expected at most {options.max_pages} sheets or slides, got more"
            raise TooLargeError(msg)
        builder.page(page)
        builder.heading(1, sheet.get(_NAME, ""))
        for part in sheet.iter(ROW, _SHAPES):
            if part.tag == ROW:
                builder.row(_cells(part))
            else:
                for text in _paragraphs(part):
                    builder.paragraph(text)


def _cells(row: etree._Element) -> list[str]:
    """Return the texts of the cells up to the last one that has any."""
    cells: list[str] = []
    empty = 0
    for cell in row.iterchildren(CELL, COVERED):
        copies = cell.get(REPEATED)
        if copies is not None:
            # Of equal cells the last one is read: most of them are empty.
            empty += number(cell, REPEATED, MOST_REPEATED) - 1
        if text := _text(cell):
            if empty:
                cells += [""] * empty
                empty = 0
            cells.append(text)
        else:
            empty += 1
    return cells


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
