"""What XML can do to its reader, in the formats that are archives of XML."""

from collections.abc import Callable
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.archives import archive, docx
from tests.corpus.hostile.document import DOCX, EPUB, ODS, ODT, PPTX, READ, XLSX, Hostile, hostile

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
_XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_OFFICE = b"urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TEXT = b"urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_TABLE = b"urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_SLIDES = b"http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = b"http://schemas.openxmlformats.org/drawingml/2006/main"
_SHEETS = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = b"http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = b"http://schemas.openxmlformats.org/package/2006/content-types"
_CONTAINER = (
    _XML + b'<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    b'full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
LAUGHS = b"<!DOCTYPE x [<!ENTITY a0 'ha'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 10)
)
SECRETS = b"<!DOCTYPE x [<!ENTITY a9 SYSTEM 'file:///etc/passwd'>]>"
PARAMETERS = b"<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x.dtd'> %p; <!ENTITY a9 'x'>]>"
ENTITY = b"The bees say &a9; in the hive."


def word(text: bytes, doctype: bytes = b"") -> bytes:
    return docx(b"<w:p><w:r><w:t>%s</w:t></w:r></w:p>" % text, doctype)


def odt(body: bytes, doctype: bytes = b"") -> bytes:
    content = (
        b'<office:document-content xmlns:office="%s" xmlns:text="%s" xmlns:table="%s">'
        b"<office:body><office:text>%s</office:text></office:body></office:document-content>"
    )
    return archive(
        [("mimetype", ODT.encode()), ("content.xml", _XML + doctype + content % (_OFFICE, _TEXT, _TABLE, body))]
    )


def text_odt(text: bytes, doctype: bytes = b"") -> bytes:
    return odt(b"<text:p>%s</text:p>" % text, doctype)


def ods(rows: bytes) -> bytes:
    content = (
        _XML + b'<office:document-content xmlns:office="%s" xmlns:text="%s" xmlns:table="%s"><office:body>'
        b'<office:spreadsheet><table:table table:name="bees">%s</table:table></office:spreadsheet></office:body>'
        b"</office:document-content>"
    )
    return archive([("mimetype", ODS.encode()), ("content.xml", content % (_OFFICE, _TEXT, _TABLE, rows))])


def xlsx(rows: bytes, doctype: bytes = b"", dimension: bytes = b"") -> bytes:
    book = b'<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="bees" sheetId="1" r:id="r1"/></sheets></workbook>'
    return archive(
        [
            ("[Content_Types].xml", _office_types(b"xl/workbook.xml", b"spreadsheetml.sheet.main+xml")),
            ("_rels/.rels", _related(b"officeDocument", b"xl/workbook.xml")),
            ("xl/workbook.xml", _XML + book % (_SHEETS, _LINKS)),
            ("xl/_rels/workbook.xml.rels", _related(b"worksheet", b"worksheets/sheet1.xml")),
            (
                "xl/worksheets/sheet1.xml",
                _XML
                + doctype
                + b'<worksheet xmlns="%s">%s<sheetData>%s</sheetData></worksheet>' % (_SHEETS, dimension, rows),
            ),
        ]
    )


def text_xlsx(text: bytes, doctype: bytes = b"") -> bytes:
    return xlsx(b'<row r="1"><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row>' % text, doctype)


def pptx(text: bytes, doctype: bytes = b"", times: int = 1) -> bytes:
    slide = (
        b'<p:sld xmlns:p="%s" xmlns:a="%s"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/>'
        b"<p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/><p:sp><p:nvSpPr>"
        b'<p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>%s'
        b"</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    ) % (_SLIDES, _DRAWING, text)
    ids = b"".join(b'<p:sldId id="%d" r:id="r1"/>' % (256 + number) for number in range(times))
    show = b'<p:presentation xmlns:p="%s" xmlns:r="%s"><p:sldIdLst>%s</p:sldIdLst></p:presentation>'
    return archive(
        [
            (
                "[Content_Types].xml",
                _office_types(b"ppt/presentation.xml", b"presentationml.presentation.main+xml").replace(
                    b"</Types>",
                    b'<Override PartName="/ppt/slides/slide1.xml" ContentType='
                    b'"application/vnd.openxmlformats-officedocument.presentationml.slide+xml"/></Types>',
                ),
            ),
            ("_rels/.rels", _related(b"officeDocument", b"ppt/presentation.xml")),
            ("ppt/presentation.xml", _XML + show % (_SLIDES, _LINKS, ids)),
            ("ppt/_rels/presentation.xml.rels", _related(b"slide", b"slides/slide1.xml")),
            ("ppt/slides/slide1.xml", _XML + doctype + slide),
        ]
    )


def epub(
    chapter: bytes, spine: bytes = b'<itemref idref="c"/>', href: bytes = b"c.xhtml", doctype: bytes = b""
) -> bytes:
    package = (
        _XML + b'<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i"><metadata '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Bees</dc:title><dc:identifier id="i">1</dc:identifier>'
        b'</metadata><manifest><item id="c" href="%s" media-type="application/xhtml+xml"/></manifest><spine>%s</spine>'
        b"</package>"
    )
    page = b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Bees</title></head><body>%s</body></html>'
    return archive(
        [
            ("mimetype", EPUB.encode()),
            ("META-INF/container.xml", _CONTAINER),
            ("book.opf", package % (href, spine)),
            ("c.xhtml", _XML + doctype + page % chapter),
        ]
    )


def text_epub(text: bytes, doctype: bytes = b"") -> bytes:
    return epub(b"<p>%s</p>" % text, doctype=doctype)


def _office_types(part: bytes, kind: bytes) -> bytes:
    return _XML + (
        b'<Types xmlns="%s"><Default Extension="rels" '
        b'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        b'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/%s" ContentType='
        b'"application/vnd.openxmlformats-officedocument.%s"/></Types>'
    ) % (_TYPES, part, kind)


def _related(kind: bytes, target: bytes) -> bytes:
    link = b'<Relationships xmlns="%s"><Relationship Id="r1" Type="%s/%s" Target="%s"/></Relationships>'
    return _XML + link % (_RELATIONS, _LINKS, kind, target)


def deep(opening: bytes, closing: bytes, wrap: Callable[[bytes], bytes], levels: int = 200_000) -> bytes:
    return wrap(opening * levels + closing * levels)


# Rows that go on until the end of the file, each within the one before it.
_UNFINISHED = {
    "rows-without-end": b"<table:table-row>",
    "cells-without-end": b"<table:table-row><table:table-cell ",
    "rows-in-tags": b"<table:table-cell <table:table-row ><text:p></text:p></table:table-cell>",
}

_KINDS: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    "docx": (DOCX, word),
    "odt": (ODT, text_odt),
    "xlsx": (XLSX, text_xlsx),
    "pptx": (PPTX, pptx),
    "epub": (EPUB, text_epub),
}
_ENTITIES = {"laughs": LAUGHS, "external-file": SECRETS, "external-dtd": PARAMETERS}
# Archives are packed a hundredfold by such repetition, so the ratio may be what is noticed first.
_DEEP = (Reason.UNSAFE, Reason.TOO_LARGE)

FILES: tuple[Hostile, ...] = (
    *(
        hostile(
            f"{trick}.{kind}",
            media_type,
            partial(build, ENTITY, doctype),
            # A page of an e-book may name a document type; then the entity is left as it is, or the page refused.
            *((READ,) if kind == "epub" else ()),
            Reason.UNSAFE,
            secret="root:",
        )
        for kind, (media_type, build) in _KINDS.items()
        for trick, doctype in _ENTITIES.items()
    ),
    hostile("deep.docx", DOCX, partial(deep, b"<w:p>", b"</w:p>", docx), *_DEEP),
    hostile(
        "deep-tables.docx", DOCX, partial(deep, b"<w:tbl><w:tr><w:tc>", b"</w:tc></w:tr></w:tbl>", docx, 4000), *_DEEP
    ),
    hostile("deep.odt", ODT, partial(deep, b"<text:section>", b"</text:section>", odt), *_DEEP),
    hostile("deep.epub", EPUB, partial(deep, b"<div>", b"</div>", epub), *_DEEP),
    hostile("a-billion-spaces.odt", ODT, partial(text_odt, b'a<text:s text:c="1000000000"/>b'), READ, *TOO_MUCH),
    hostile("repeated-rows.ods", ODS, lambda: _repeated(1_048_576, 16_384), READ, *TOO_MUCH),
    hostile("many-repeated-rows.ods", ODS, lambda: _repeated(900, 900, 100), READ, *TOO_MUCH, large=True),
    *(
        hostile(f"{name}.ods", ODS, partial(ods, rows * (1_000_000 // len(rows))), Reason.CORRUPT, Reason.UNSAFE)
        for name, rows in _UNFINISHED.items()
    ),
    hostile("one-slide-50000-times.pptx", PPTX, partial(pptx, b"Bees", times=50_000), *TOO_MUCH, READ),
    hostile(
        "one-chapter-50000-times.epub",
        EPUB,
        lambda: epub(b"<p>bees in the hive</p>" * 500, b'<itemref idref="c"/>' * 50_000),
        *TOO_MUCH,
        READ,
    ),
    hostile(
        "chapter-elsewhere.epub",
        EPUB,
        partial(epub, b"<p>bees</p>", href=b"../../../../../../etc/passwd"),
        *(READ, Reason.CORRUPT, Reason.NO_TEXT, Reason.UNSAFE),
        secret="root:",
    ),
    hostile(
        "chapter-on-a-server.epub",
        EPUB,
        partial(epub, b"<p>bees</p>", href=b"http://127.0.0.1:9/chapter.xhtml"),
        *(READ, Reason.CORRUPT, Reason.NO_TEXT, Reason.UNSAFE),
    ),
)


def _repeated(rows: int, columns: int, times: int = 1) -> bytes:
    row = (
        b'<table:table-row table:number-rows-repeated="%d"><table:table-cell table:number-columns-repeated="%d" '
        b'office:value-type="string"><text:p>bees in the hive</text:p></table:table-cell></table:table-row>'
    )
    return ods(row % (rows, columns) * times)
