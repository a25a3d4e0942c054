"""Small documents of each format, made on the spot."""

import io
import struct
import zipfile

from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument
from service.ingest.reading import read

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def parsed(content: bytes, declared: str | None = None, name: str | None = None, **options) -> ParsedDocument:
    """Read a document as a child process does, and check what holds for every format."""
    _, document = read(content, declared, name, None, IngestOptions(**options))
    sections = document.sections
    assert "".join(document.text[each.start : each.end] for each in sections) == document.text
    return document


def paths(document: ParsedDocument) -> list[tuple[str, str, int | None]]:
    """Return path, first line and page of each section."""
    return [
        (" > ".join(each.path), document.text[each.start : each.end].strip().split("\n")[0], each.page)
        for each in document.sections
    ]


def zipped(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of the members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def with_member(archive: bytes, name: str, content: str | bytes) -> bytes:
    """Return the archive with one member added or replaced."""
    with zipfile.ZipFile(io.BytesIO(archive)) as old:
        members = {each: old.read(each) for each in old.namelist()}
    return zipped(members | {name: content})


def odf(body: str, kind: str = "text", meta: str = "") -> bytes:
    """Return an OpenDocument file with that body."""
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in {
            "office": "office",
            "text": "text",
            "table": "table",
            "draw": "drawing",
            "presentation": "presentation",
            "meta": "meta",
        }.items()
    )
    content = (
        f"{DECLARATION}<office:document-content {names}><office:body>{body}</office:body></office:document-content>"
    )
    dublin = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    about = (
        f"{DECLARATION}<office:document-meta {names} {dublin}><office:meta>{meta}</office:meta></office:document-meta>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped({"mimetype": mimetype, "content.xml": content, "meta.xml": about})


def xlsx(sheets: dict[str, list[list[str | int | None]]], *, hidden: str = "") -> bytes:
    """Return a spreadsheet; None leaves a cell out."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    states = {name: "hidden" if name == hidden else "visible" for name in sheets}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="r{number}" state="{states[name]}"/>'
        for number, name in enumerate(sheets, 1)
    )
    targets = "".join(
        f'<Relationship Id="r{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(sheets) + 1)
    )
    book = f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
    related = f'{DECLARATION}<Relationships xmlns="{package}/relationships">%s</Relationships>'
    namespaces = f'xmlns="{main}" xmlns:r="{relations}"'
    members = {
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": related % book,
        "xl/workbook.xml": f"{DECLARATION}<workbook {namespaces}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": related % targets,
    }
    for number, rows in enumerate(sheets.values(), 1):
        members[f"xl/worksheets/sheet{number}.xml"] = sheet_xml(
            {(row, column): cell for row, cells in enumerate(rows, 1) for column, cell in enumerate(cells)}
        )
    return zipped(members)


def sheet_xml(cells: dict[tuple[int, int], str | int | None]) -> str:
    """Return a sheet of cells by row (from 1) and column (from 0, to Z at most, or a name)."""
    rows: dict[int, str] = {}
    for (row, column), cell in cells.items():
        letters = column if isinstance(column, str) else chr(65 + column)
        if isinstance(cell, str):
            rows[row] = rows.get(row, "") + f'<c r="{letters}{row}" t="inlineStr"><is><t>{cell}</t></is></c>'
        elif cell is not None:
            rows[row] = rows.get(row, "") + f'<c r="{letters}{row}"><v>{cell}</v></c>'
    data = "".join(f'<row r="{row}">{cells}</row>' for row, cells in rows.items())
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{DECLARATION}<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'


def locked_xls(workbook: bytes) -> bytes:
    """Return the workbook, an XLS file, with a record that says how it is encrypted where that stands."""
    first = workbook.index(b"\x09\x08\x10\0\0\x06\x05\0") + 20
    # RC4, a salt, a verifier and its hash.
    record = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + bytes(48)
    return workbook[:first] + record + workbook[first + len(record) :]


def epub(chapters: dict[str, str], *, extra: dict[str, str] | None = None) -> bytes:
    """Return a book of the chapters, given as name and body."""
    items = "".join(
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"'
        f"{' properties=' + chr(34) + 'nav' + chr(34) if name.startswith('nav') else ''}/>"
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="i{number}"/>' for number in range(len(chapters)))
    opf = (
        f'{DECLARATION}<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Apiary</dc:title>'
        "<dc:creator>Ada Keeper</dc:creator><dc:language>en</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        f'{DECLARATION}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    pages = {
        f"OEBPS/{name.replace('%20', ' ')}": f"<!DOCTYPE html><html><body>{body}</body></html>"
        for name, body in chapters.items()
    }
    members = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": opf}
    return zipped(members | pages | (extra or {}))
