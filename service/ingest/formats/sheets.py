"""XLSX, XLSB and XLS: the visible sheets, row by row. A sheet is a page, and a section of its name."""

import datetime as dt
import io
import re
from collections.abc import Iterator

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from service.errors import EncryptedError, TooLargeError
from service.ingest.formats.archive import Archive
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
from service.ingest.formats.ooxml import checked, properties_of
from service.ingest.formats.properties import Properties
from service.ingest.options import MIB, IngestOptions
from service.ingest.parsed import ParsedDocument

_MOST_CELLS = 10_000_000
"""Cells of the rectangle around all that a sheet holds. The library allocates that, filled or not."""
_SHEET = re.compile(r"xl/(?:work)?sheets/[^/]+\.xml$")
_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\s[^>]{0,200}?\br=["']([A-Za-z]{1,3})(\d{1,7})["']""")
# Without a column beyond ZZ or a row beyond 9,999 the rectangle has at most 7 million cells.
_FAR_CELL = re.compile(rb"""r=(?<=\sr=)["'][A-Za-z]{1,2}(?:[A-Za-z]|\d{5})""")
_BETWEEN = 512
# The first record of a workbook, whether it may be written to, and then the one that says how it is encrypted. The
# library, which only guesses at what it gets, says of such a file no more than that it knows no such format.
_LOCKED = re.compile(rb"\t\x08(?:\x10\0\0\x06\x05\0.{12}|\x08\0\0\x05\x05\0.{4})(?:\x86\0\0\0)?/\0", re.DOTALL)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text of an XLSX or XLSB file.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = checked(content, options)
    for name in sorted(archive.names):
        if _SHEET.match(name):
            _check_extent(archive, name)
    return _parsed(content, properties_of(archive), options)


def parse_xls(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text of a file of the older binary format; errors as those of `parse`."""
    if _LOCKED.search(content):
        msg = "expected a spreadsheet that opens without a password, got an encrypted one; submit a decrypted copy"
        raise EncryptedError(msg)
    return _parsed(content, Properties(), options)


def _parsed(content: bytes, properties: Properties, options: IngestOptions) -> ParsedDocument:
    builder = DocumentBuilder(options.max_characters)
    with reading("spreadsheet"):
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = book.sheets_metadata
        if len(sheets) > options.max_pages:
            msg = f"expected a spreadsheet of at most {options.max_pages} sheets, got {len(sheets)}"
            raise TooLargeError(msg)
        for number, sheet in enumerate(sheets, 1):
            if sheet.visible == SheetVisibleEnum.Visible:
                builder.page(number)
                _write(book, sheet.name, builder)
    return builder.build(properties.title, properties.language, properties.metadata)


def _write(book: CalamineWorkbook, name: str, builder: DocumentBuilder) -> None:
    rows = _rows(book, name)
    first = next(rows, None)
    if first is not None:  # an empty sheet, or a chart, has no section
        builder.heading(1, name)
        builder.row(first)
        builder.rows(rows)
    builder.end_block()


def _rows(book: CalamineWorkbook, name: str) -> Iterator[list[str]]:
    """Yield the rows that hold anything, as the texts of their cells."""
    for row in book.get_sheet_by_name(name).iter_rows():
        cells = [value if type(value) is str else _shown(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact in a float
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def _check_extent(archive: Archive, name: str) -> None:
    """Refuse a sheet whose few cells lie so far apart that the rectangle around them fills the memory."""
    sheet = archive.read(name)
    if not _FAR_CELL.search(sheet):
        return
    rows: set[int] = set()
    columns: set[int] = set()
    for start in range(0, len(sheet), MIB):
        found = set(_CELL.findall(sheet, start, start + MIB + _BETWEEN))
        rows.update({int(row) for _, row in found})
        rows = {min(rows), max(rows)} if rows else rows
        columns.update(map(_column, {letters for letters, _ in found}))
    if columns:
        cells = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
        if cells > _MOST_CELLS:
            msg = f"expected a sheet that spans at most {_MOST_CELLS} cells, got {cells} in {name}"
            raise TooLargeError(msg)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
