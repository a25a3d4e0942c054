"""Names of the elements of OpenDocument files that are read, and the numbers among their attributes."""

from lxml import etree

TEXT, TABLE, DRAW, OFFICE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("text", "table", "drawing", "office")
)
PARAGRAPH, HEADING = TEXT + "p", TEXT + "h"
SHEET, ROW, CELL, COVERED = (TABLE + name for name in ("table", "table-row", "table-cell", "covered-table-cell"))
REPEATED = TABLE + "number-columns-repeated"
MOST_REPEATED = 1000
"""Copies of a cell that are believed; the rest of a row is often given as 16,384 empty ones."""


def number(element: etree._Element, name: str, most: int) -> int:
    """Return the number that an attribute holds, from 1 to `most`; 1 when there is none."""
    return limited(element.get(name, ""), most)


def limited(text: str, most: int) -> int:
    """Return the number that is written there, from 1 to `most`; 1 when it is none."""
    # Cut before it is read: a number of a million digits takes minutes.
    return min(max(int(text[:9]), 1), most) if text.isdecimal() else 1
