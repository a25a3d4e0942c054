"""ODT, ODS and ODP: paragraphs, lists and tables in reading order; headings, sheets and slides open sections."""

from lxml import etree

from service.errors import EncryptedError, PermanentError, TooLargeError, UnsafeError
from service.ingest.formats import opendocument_sheets, safe_xml
from service.ingest.formats.archive import opened
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.opendocument_names import (
    CELL,
    COVERED,
    DRAW,
    HEADING,
    MOST_REPEATED,
    OFFICE,
    PARAGRAPH,
    REPEATED,
    ROW,
    SHEET,
    TEXT,
    number,
)
from service.ingest.formats.opendocument_rows import PlainRows
from service.ingest.formats.paragraphs import ParagraphWriter
from service.ingest.formats.properties import Properties
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

# What was changed away, remarks of reviewers, and the marks of notes.
_SKIPPED = frozenset({TEXT + "tracked-changes", OFFICE + "annotation", TEXT + "note-citation"})
_SIGNS = {TEXT + "tab": "\t", TEXT + "line-break": "\n"}
_SPACES = TEXT + "s"
_LIST, _PAGE, _FRAME = TEXT + "list", DRAW + "page", DRAW + "frame"
_BLOCKS = (PARAGRAPH, HEADING, _LIST, SHEET, ROW, CELL, COVERED, _PAGE, _FRAME)
_CLASS = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}class"
_MOST_LEVELS = 10
_MOST_SPACES = 100
_ENCRYPTED = b"encryption-data"
_SPREADSHEET = b".spreadsheet"
_ENTRY = 128
_MANIFEST = "META-INF/manifest.xml"


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text; a sheet or a slide is a page.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = opened(content, options)
    if _MANIFEST in archive.names and _ENCRYPTED in archive.read(_MANIFEST):
        msg = "expected a document that opens without a password, got an encrypted one; submit a decrypted copy"
        raise EncryptedError(msg)
    content = archive.read("content.xml")
    plain = PlainRows()
    root = _settled(plain.cut(content) if _SPREADSHEET in archive.head("mimetype", _ENTRY) else content)
    builder = DocumentBuilder(options.max_characters)
    sheets = root.find(f"{OFFICE}body/{OFFICE}spreadsheet")
    if sheets is not None:
        opendocument_sheets.write(sheets, plain, builder, options)
    else:
        # Rows are cut out of whatever calls itself a spreadsheet.
        _Reader(builder, options).read(_settled(content) if plain else root)
    properties = _properties(archive.read("meta.xml") if "meta.xml" in archive.names else b"")
    return builder.build(properties.title, properties.language, properties.metadata)


def _properties(content: bytes) -> Properties:
    try:
        return Properties.of(safe_xml.parse(content, "meta.xml").iter())
    except PermanentError:  # absent or damaged: the text is what matters
        return Properties()


def _settled(content: bytes) -> etree._Element:
    """Return the root; what is not read is emptied, and signs that stand as elements are written out."""
    root = safe_xml.parse(content, "content.xml")
    for element in list(root.iter(_SPACES, *_SIGNS, *_SKIPPED)):
        if element.tag in _SKIPPED:
            element.clear(keep_tail=True)
        else:
            element.text = _SIGNS.get(element.tag) or " " * number(element, TEXT + "c", _MOST_SPACES)
    return root


class _Reader:
    """Takes the blocks one by one. A block has ended when the next one is not inside it."""

    def __init__(self, builder: DocumentBuilder, options: IngestOptions) -> None:
        self._builder = builder
        self._most_pages = options.max_pages
        self._deepest = options.max_nesting
        self._writer = ParagraphWriter(builder, options.max_nesting)
        self._lists = 0
        self._pages = 0
        self._title = False

    def read(self, root: etree._Element) -> None:
        blocks = [root]
        for element in root.iterdescendants(*_BLOCKS):
            around = element.getparent()
            while around not in blocks:
                around = around.getparent()
            while blocks[-1] is not around:
                self._end(blocks.pop())
            tag = element.tag
            inside = len(element)
            if tag == PARAGRAPH and not inside and self._writer.current is None:
                # Most paragraphs, and nearly all in tables.
                self._writer.leaf(element.text or "", int(self._title), item=self._lists > 0)
                continue
            self._start(element, tag)
            if not inside:
                self._end(element)
                continue
            blocks.append(element)
            if len(blocks) > self._deepest:
                msg = f"expected at most {self._deepest} lists and other blocks inside each other, got more"
                raise UnsafeError(msg)
        while len(blocks) > 1:
            self._end(blocks.pop())

    def _start(self, element: etree._Element, tag: str) -> None:
        if tag == PARAGRAPH:
            self._writer.open_paragraph(int(self._title), item=self._lists > 0)
        elif tag == HEADING:
            self._writer.open_paragraph(number(element, TEXT + "outline-level", _MOST_LEVELS), item=self._lists > 0)
        elif tag == _LIST:
            self._lists += 1
        elif tag in (CELL, COVERED):
            self._writer.open_cell(number(element, REPEATED, MOST_REPEATED))
        elif tag == SHEET:
            self._writer.open_table()
        elif tag == _FRAME:
            self._title = element.get(_CLASS) == "title"
        elif tag == _PAGE:
            self._turn_page()

    def _end(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in (PARAGRAPH, HEADING):
            self._writer.text("".join(element.itertext()))
            self._writer.close_paragraph()
            if self._writer.current is not None:
                # Its text is not that of the paragraph around it.
                element.clear(keep_tail=True)
        elif tag == ROW:
            self._writer.close_row()
        elif tag == SHEET:
            self._writer.close_table()
        elif tag == _LIST:
            self._lists -= 1
            if not self._lists:
                self._builder.end_block()
        elif tag == _FRAME:
            self._title = False

    def _turn_page(self) -> None:
        self._pages += 1
        if self._pages > self._most_pages:
            msg = f"expected at most {self._most_pages} sheets or slides, got more"
            raise TooLargeError(msg)
        self._builder.page(self._pages)
