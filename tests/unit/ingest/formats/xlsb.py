"""Writes XLSB files: archives as XLSX ones are, with records of type, size and bytes in place of XML.

Types and layouts are those of [MS-XLSB] 2.4; of the records that Excel writes, those that hold data are there.
"""

import datetime as dt
import struct

from tests.unit.ingest.formats.builders import zipped

Cell = str | float | bool | dt.date

_ROW, _BOOLEAN, _REAL, _SHARED, _STRING, _STYLE = 0, 4, 5, 7, 19, 47
_SHEET, _BOOK, _SHEETS, _DATA = (129, 130), (131, 132), (143, 144), (145, 146)
_EXTENT, _LISTED = 148, 156
_STRINGS, _STYLES, _CELL_STYLES = (159, 160), (278, 279), (617, 618)
_DATE = 14
"""The number format of dates."""
_DAY_0 = dt.date(1899, 12, 30)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def xlsb(sheets: dict[str, dict[tuple[int, int], Cell]], *, hidden: str = "") -> bytes:
    """Return a workbook of these sheets; each has its cells by row and column, from 0, row by row."""
    strings: dict[str, int] = {}
    paths = {f"worksheets/sheet{number}.bin": cells for number, cells in enumerate(sheets.values(), 1)}
    members = {f"xl/{path}": _sheet(cells, strings) for path, cells in paths.items()}
    listed = [
        _record(_LISTED, struct.pack("<II", name == hidden, number) + _wide(f"r{number}") + _wide(name))
        for number, name in enumerate(sheets, 1)
    ]
    shared = [_record(_STRING, b"\0" + _wide(text)) for text in strings]
    styles = [_record(_STYLE, struct.pack("<HH12x", 0, number)) for number in (0, _DATE)]
    return zipped(
        members
        | {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _related("officeDocument", ["xl/workbook.bin"]),
            "xl/_rels/workbook.bin.rels": _related("worksheet", list(paths)),
            "xl/workbook.bin": _within(_BOOK, _within(_SHEETS, *listed)),
            "xl/sharedStrings.bin": _within(_STRINGS, *shared, head=struct.pack("<II", len(shared), len(shared))),
            "xl/styles.bin": _within(_STYLES, _within(_CELL_STYLES, *styles, head=struct.pack("<I", len(styles)))),
        }
    )


def _sheet(cells: dict[tuple[int, int], Cell], strings: dict[str, int]) -> bytes:
    """Return a sheet's records; what it has of texts is added to the strings."""
    data = []
    rows = sorted({row for row, _ in cells})
    columns = sorted({column for _, column in cells})
    for row in rows:
        data.append(_record(_ROW, struct.pack("<I13x", row)))
        data += [_cell(column, cell, strings) for (at, column), cell in cells.items() if at == row]
    extent = struct.pack("<IIII", rows[0], rows[-1], columns[0], columns[-1]) if cells else bytes(16)
    return _within(_SHEET, _record(_EXTENT, extent), _within(_DATA, *data))


def _cell(column: int, cell: Cell, strings: dict[str, int]) -> bytes:
    where = struct.pack("<II", column, isinstance(cell, dt.date))
    if isinstance(cell, str):
        return _record(_SHARED, where + struct.pack("<I", strings.setdefault(cell, len(strings))))
    if isinstance(cell, bool):
        return _record(_BOOLEAN, where + bytes([cell]))
    number = (cell - _DAY_0).days if isinstance(cell, dt.date) else cell
    return _record(_REAL, where + struct.pack("<d", number))


def _within(kinds: tuple[int, int], *records: bytes, head: bytes = b"") -> bytes:
    begin, end = kinds
    return _record(begin, head) + b"".join(records) + _record(end, b"")


def _record(kind: int, body: bytes) -> bytes:
    """Return a record; types and sizes are numbers of 7 bits a byte, the lowest first."""
    return _number(kind) + _number(len(body)) + body


def _number(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _number(value >> 7)


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _related(kind: str, targets: list[str]) -> str:
    each = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, target in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'
