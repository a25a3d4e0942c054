"""ODT, ODS and ODP: paragraphs, lists and tables in reading order; headings, sheets and slides open sections."""

from collections.abc import Mapping

from service.errors import EncryptedError, PermanentError, TooLargeError
from service.ingest.formats import safe_xml
from service.ingest.formats.archive import Archive
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.paragraphs import ParagraphWriter
from service.ingest.formats.properties import Properties
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_TEXT, _TABLE, _DRAW, _OFFICE, _PRESENTATION = (
    f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("text", "table", "drawing", "office", "presentation")
)
_PARAGRAPHS = frozenset({_TEXT + "p", _TEXT + "h"})
_CELLS = frozenset({_TABLE + "table-cell", _TABLE + "covered-table-cell"})
# What was changed away, remarks of reviewers, and the marks of notes.
_SKIPPED = frozenset({_TEXT + "tracked-changes", _OFFICE + "annotation", _TEXT + "note-citation"})
_SIGNS = {_TEXT + "tab": "\t", _TEXT + "line-break": "\n"}
_MOST_LEVELS = 10
_MOST_SPACES = 100
_MOST_REPEATED = 1000
_ENCRYPTED = b"encryption-data"
_MANIFEST = "META-INF/manifest.xml"


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text; a sheet or a slide is a page.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = Archive(content, options)
    if _MANIFEST in archive.names and _ENCRYPTED in archive.read(_MANIFEST):
        msg = "expected a document that opens without a password, got an encrypted one; submit a decrypted copy"
        raise EncryptedError(msg)
    reader = _Reader(options)
    safe_xml.scan(archive.read("content.xml"), "content.xml", reader, options.max_nesting)
    properties = _properties(archive)
    return reader.builder.build(properties.title, properties.language, properties.metadata)


def _properties(archive: Archive) -> Properties:
    try:
        return Properties.of(safe_xml.parse(archive.read("meta.xml"), "meta.xml").iter())
    except PermanentError:  # absent or damaged: the text is what matters
        return Properties()


class _Reader:
    """Takes the content element by element, so that a long document is never in memory as a tree."""

    def __init__(self, options: IngestOptions) -> None:
        self._options = options
        self.builder = DocumentBuilder(options.max_characters)
        self._writer = ParagraphWriter(self.builder, options.max_nesting)
        self._skipped = 0
        """How many elements deep it is in what is not read."""
        self._lists = 0
        self._pages = 0
        self._sheets = False
        self._title = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            self._skipped += 1
        elif tag in _PARAGRAPHS:
            level = _number(attributes, _TEXT + "outline-level", _MOST_LEVELS) if tag == _TEXT + "h" else self._title
            self._writer.open_paragraph(int(level), item=self._lists > 0)
        elif tag == _TEXT + "s":
            self._writer.text(" " * _number(attributes, _TEXT + "c", _MOST_SPACES))
        elif tag in _SIGNS:
            self._writer.text(_SIGNS[tag])
        elif tag == _TEXT + "list":
            self._lists += 1
        elif tag in _CELLS:
            self._writer.open_cell(_number(attributes, _TABLE + "number-columns-repeated", _MOST_REPEATED))
        else:
            self._start_part(tag, attributes)

    def _start_part(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == _TABLE + "table":
            if self._sheets:
                self._turn_page()
                self.builder.heading(1, attributes.get(_TABLE + "name", ""))
            self._writer.open_table()
        elif tag == _OFFICE + "spreadsheet":
            self._sheets = True
        elif tag == _DRAW + "page":
            self._turn_page()
        elif tag == _DRAW + "frame":
            self._title = attributes.get(_PRESENTATION + "class") == "title"

    def data(self, text: str) -> None:
        if not self._skipped:
            self._writer.text(text)

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif tag in _PARAGRAPHS:
            self._writer.close_paragraph()
        elif tag == _TABLE + "table-row":
            self._writer.close_row()
        elif tag == _TABLE + "table":
            self._writer.close_table()
        elif tag == _TEXT + "list":
            self._lists -= 1
            if not self._lists:
                self.builder.end_block()
        elif tag == _DRAW + "frame":
            self._title = False

    def _turn_page(self) -> None:
        self._pages += 1
        if self._pages > self._options.max_pages:
            msg = f"expected at most {self._options.max_pages} sheets or slides, got more"
            raise TooLargeError(msg)
        self.builder.page(self._pages)


def _number(attributes: Mapping[str, str], name: str, most: int) -> int:
    """Return a number from 1 to `most`; 1 when there is none."""
    text = attributes.get(name, "")
    # Cut before it is read: a number of a million digits takes minutes.
    return min(max(int(text[:9]), 1), most) if text.isdecimal() else 1
