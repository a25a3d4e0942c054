"""Tables that are larger than they look: sheets with two cells a world apart, files of one endless line."""

import struct
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import CSV, JSON, JSONL, READ, XLS, XLSX, Hostile, hostile
from tests.corpus.hostile.office import xlsx
from tests.unit.ingest.formats.xlsb import xlsb

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
# A sheet that hides its size from a look at its cells costs the child.
_HIDDEN = (*TOO_MUCH, Reason.CRASHED, READ)
_NONE = 0xFFFFFFFF
_FIRST = b'<row r="1"><c r="A1"><v>1</v></c></row>'


def far_apart(last: bytes = b'<c r="XFD1048576">', dimension: bytes = b"") -> bytes:
    return xlsx(_FIRST + b'<row r="1048576">%s<v>2</v></c></row>' % last, dimension=dimension)


def many_cells() -> bytes:
    row = b"".join(b'<c r="%c%d"><v>7</v></c>' % (65 + column, 1) for column in range(26))
    return xlsx(b"".join(b"<row>%s</row>" % row.replace(b'1"', b'%d"' % number) for number in range(1, 60_001)))


def compound(sector_table: bytes | None = None, streams: tuple[str, ...] = ("Workbook",)) -> bytes:
    """Return an OLE file: a header, one sector of the allocation table, one of the directory, and noise."""
    header = bytearray(512)
    header[0:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 40, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<I", header, 76, 0)
    header[80:512] = b"\xff" * 432
    table = sector_table or struct.pack("<III", 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFE) + b"\xff" * 500
    entries = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)
    for number, name in enumerate(streams, 2):
        entries += _entry(name, 2, 2, 4096, right=number if number <= len(streams) else _NONE)
    return bytes(header) + table + entries.ljust(512, b"\0") + bytes(range(256)) * 2


def _entry(name: str, kind: int, start: int, size: int, *, child: int = _NONE, right: int = _NONE) -> bytes:
    entry = bytearray(128)
    encoded = (name + "\0").encode("utf-16-le")
    entry[: len(encoded)] = encoded
    struct.pack_into("<HBBIII", entry, 64, len(encoded), kind, 1, _NONE, right, child)
    struct.pack_into("<IQ", entry, 116, start, size)
    return bytes(entry)


def compound_loop() -> bytes:
    """Return an OLE file whose sectors follow each other in a circle."""
    return compound(struct.pack("<III", 0xFFFFFFFD, 1, 2) + b"\xff" * 500)


FILES: tuple[Hostile, ...] = (
    hostile("far-apart.xlsx", XLSX, far_apart, *TOO_MUCH),
    hostile(
        "far-apart-declared.xlsx", XLSX, partial(far_apart, dimension=b'<dimension ref="A1:XFD1048576"/>'), *TOO_MUCH
    ),
    hostile("far-apart-hidden.xlsx", XLSX, partial(far_apart, b"<c " + b" " * 600 + b'r="XFD1048576">'), *_HIDDEN),
    hostile(
        "only-declared.xlsx", XLSX, lambda: xlsx(_FIRST, dimension=b'<dimension ref="A1:XFD1048576"/>'), READ, *TOO_MUCH
    ),
    hostile("beyond-the-sheet.xlsx", XLSX, partial(far_apart, b'<c r="ZZZZZZ99999999999">'), Reason.CORRUPT, *_HIDDEN),
    hostile("1500000-cells.xlsx", XLSX, many_cells, READ, *TOO_MUCH, large=True),
    # Its sheets are not looked into before: the parser's memory ends it.
    hostile("far-apart.xlsb", None, partial(xlsb, {"Bees": {(0, 0): "a", (1_048_575, 16_383): "b"}}), Reason.CRASHED),
    hostile("loop.xls", XLS, compound_loop, Reason.CORRUPT, Reason.CRASHED),
    hostile("noise.xls", XLS, compound, Reason.CORRUPT),
    hostile(
        "open-quote.csv", CSV, lambda: b'a,b\n1,"' + b"bees," * 400_000, READ, Reason.CORRUPT, *TOO_MUCH, large=True
    ),
    hostile("one-line.csv", CSV, lambda: b"bees," * 500_000, READ, *TOO_MUCH, large=True),
    hostile("many-lines.csv", CSV, lambda: b",\n" * 5_000_000 + b"bees,honey\n", READ, *TOO_MUCH, large=True),
    hostile("nul.csv", CSV, lambda: b"bees,\0honey\n" * 1000, READ, Reason.CORRUPT),
    hostile("deep.json", JSON, lambda: b"[" * 1_000_000 + b"]" * 1_000_000, Reason.UNSAFE),
    hostile("deep-objects.json", JSON, lambda: b'{"a":' * 200_000 + b"1" + b"}" * 200_000, Reason.UNSAFE),
    hostile("deep-names.json", JSON, lambda: _long_names(400), READ, *TOO_MUCH),
    hostile("huge-number.json", JSON, lambda: b'{"bees": ' + b"9" * 3_000_000 + b"}", READ, *TOO_MUCH, large=True),
    hostile("half-character.json", JSON, lambda: b'{"bees": "in the hive \\ud800 with honey"}', READ, Reason.CORRUPT),
    hostile("truncated.json", JSON, lambda: b'{"bees": ["in the hive", ', Reason.CORRUPT),
    hostile("deep-line.jsonl", JSONL, lambda: b'{"bees": 1}\n' + b"[" * 500_000, Reason.CORRUPT, Reason.UNSAFE),
)


def _long_names(levels: int) -> bytes:
    """Return objects within objects whose names, put together, are far longer than the file."""
    inner = b",".join(b'"k%d": 1' % number for number in range(2000))
    return b'{"%s": ' % (b"n" * 500) * levels + b"{%s}" % inner + b"}" * levels
