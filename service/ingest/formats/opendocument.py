"""ODT, ODS and ODP: paragraphs, lists and tables in reading order; headings, sheets and slides open sections."""

from collections.abc import Callable

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
    limited,
    number,
)
from service.ingest.formats.opendocument_rows import PlainRows
from service.ingest.formats.opendocument_styles import without_styles
from service.ingest.formats.paragraphs import ParagraphWriter
from service.ingest.formats.properties import Properties
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

# What was changed away, remarks of reviewers, and the marks of notes.
_SKIPPED = frozenset({TEXT + "tracked-changes", OFFICE + "annotation", TEXT + "note-citation"})
_SIGNS = {TEXT + "tab": "\t", TEXT + "line-break": "\n"}
_SPACES = TEXT + "s"
_LIST, _PAGE, _FRAME = TEXT + "list", DRAW + "page", DRAW + "frame"
# What a paragraph may hold that has paragraphs of its own.
_HOLDERS = (TEXT + "note", DRAW + "*")
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
    content = without_styles(archive.read("content.xml"))
    plain = PlainRows()
    body = _body(plain.cut(content) if _SPREADSHEET in archive.head("mimetype", _ENTRY) else content)
    builder = DocumentBuilder(options.max_characters)
    sheets = body.find(OFFICE + "spreadsheet")
    if sheets is not None:
        _settle(sheets)
        opendocument_sheets.write(sheets, plain, builder, options)
    else:
        # Rows are cut out of whatever calls itself a spreadsheet.
        _Reader(builder, options).read(_body(content) if plain else body)
    properties = _properties(archive.read("meta.xml") if "meta.xml" in archive.names else b"")
    return builder.build(properties.title, properties.language, properties.metadata)


def _properties(content: bytes) -> Properties:
    try:
        return Properties.of(safe_xml.parse(content, "meta.xml").iter())
    except PermanentError:  # absent or damaged: the text is what matters
        return Properties()


def _body(content: bytes) -> etree._Element:
    root = safe_xml.parse(content, "content.xml")
    body = root.find(OFFICE + "body")
    return root if body is None else body


def _settle(body: etree._Element) -> frozenset[etree._Element]:
    """Empty what is not read, and write out the signs that stand as elements: what is left is the text.

    Returns:
        The paragraphs that have others inside them. They must be known by identity: as long as this is kept, they are.

    """
    around: set[etree._Element] = set()
    for element in list(body.iter(_SPACES, *_SIGNS, *_SKIPPED, *_HOLDERS)):
        if element.tag in _SKIPPED:
            element.clear(keep_tail=True)
        elif element.tag in _SIGNS:
            element.text = _SIGNS[element.tag]
        elif element.tag == _SPACES:
            element.text = " " * number(element, TEXT + "c", _MOST_SPACES)
        else:
            around.update(element.iterancestors(PARAGRAPH, HEADING))
    return frozenset(around)


class _Reader:
    """Takes the blocks one by one, each with all that is inside it."""

    def __init__(self, builder: DocumentBuilder, options: IngestOptions) -> None:
        self._builder = builder
        self._most_pages = options.max_pages
        self._deepest = options.max_nesting
        self._writer = ParagraphWriter(builder, options.max_nesting)
        self._takes: dict[str, Callable[[etree._Element], None]] = {
            PARAGRAPH: self._take_paragraph,
            HEADING: self._take_heading,
            _LIST: self._take_list,
            SHEET: self._take_table,
            ROW: self._take_row,
            CELL: self._take_cell,
            COVERED: self._take_cell,
            _FRAME: self._take_frame,
            _PAGE: self._take_page,
        }
        self._around: frozenset[etree._Element] = frozenset()
        self._depth = 0
        self._lists = 0
        self._pages = 0
        self._title = False

    def read(self, body: etree._Element) -> None:
        self._around = _settle(body)
        self._read_inside(body)

    def _read_inside(self, parent: etree._Element) -> None:
        takes = self._takes
        for element in parent:
            take = takes.get(element.tag)
            if take is not None:
                take(element)
            elif len(element):
                self._read_inside(element)

    def _read_block(self, block: etree._Element) -> None:
        if not len(block):
            return
        self._depth += 1
        if self._depth >= self._deepest:
            msg = f"expected at most {self._deepest} lists and other blocks inside each other, got more"
            raise UnsafeError(msg)
        self._read_inside(block)
        self._depth -= 1

    def _take_paragraph(self, paragraph: etree._Element) -> None:
        self._write(paragraph, int(self._title))

    def _take_heading(self, heading: etree._Element) -> None:
        self._write(heading, number(heading, TEXT + "outline-level", _MOST_LEVELS))

    def _write(self, paragraph: etree._Element, level: int) -> None:
        writer = self._writer
        if writer.current is None and paragraph not in self._around:
            writer.leaf(_text(paragraph), level, item=self._lists > 0)
            return
        writer.open_paragraph(level, item=self._lists > 0)
        self._read_block(paragraph)
        writer.text(_text(paragraph))
        writer.close_paragraph()
        if writer.current is not None:
            # Its text is not that of the paragraph around it.
            paragraph.clear(keep_tail=True)

    def _take_list(self, element: etree._Element) -> None:
        self._lists += 1
        self._read_block(element)
        self._lists -= 1
        if not self._lists:
            self._builder.end_block()

    def _take_table(self, table: etree._Element) -> None:
        self._writer.open_table()
        self._read_block(table)
        self._writer.close_table()

    def _take_row(self, row: etree._Element) -> None:
        self._read_block(row)
        self._writer.close_row()

    def _take_cell(self, cell: etree._Element) -> None:
        copies = cell.get(REPEATED)
        self._writer.open_cell(1 if copies is None else limited(copies, MOST_REPEATED))
        self._read_block(cell)

    def _take_frame(self, frame: etree._Element) -> None:
        self._title = frame.get(_CLASS) == "title"
        self._read_block(frame)
        self._title = False

    def _take_page(self, page: etree._Element) -> None:
        self._turn_page()
        self._read_block(page)

    def _turn_page(self) -> None:
        self._pages += 1
        if self._pages > self._most_pages:
            msg = f"expected at most {self._most_pages} sheets or slides, got more"
            raise TooLargeError(msg)
        self._builder.page(self._pages)


def _text(paragraph: etree._Element) -> str:
    if not len(paragraph):
        return paragraph.text or ""
    text: str = etree.tostring(paragraph, method="text", encoding="unicode", with_tail=False)
    return text
