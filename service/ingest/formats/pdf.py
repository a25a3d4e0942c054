"""PDF: the text of its pages; bookmarks open sections. For children only, since PDFium parses hostile bytes in C++."""

from collections.abc import Iterator

import pypdfium2 as pdfium

from service.errors import CorruptError, EncryptedError, GarbledError, NoTextError, TooLargeError
from service.ingest.formats.pdf_bookmarks import bookmarks_of, headings_on
from service.ingest.formats.pdf_garbled import is_garbled
from service.ingest.options import IngestOptions
from service.ingest.parsed import Heading, ParsedDocument, paged, sections_of

_FEWEST_CHARACTERS = 20
_BETWEEN_PAGES = "\n\n"
# Line ends as elsewhere; U+0002 and U+FFFE are where PDFium joins a hyphenated word; NUL is no text.
_CLEAN = str.maketrans({"\r": None, "\x02": None, "\ufffe": None, "\0": None})


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text of all pages with bookmarks and page starts as sections.

    Raises:
        EncryptedError: the document asks for a password.
        CorruptError: the document, or each of its pages, cannot be read.
        TooLargeError: it has too many pages or too much text.
        NoTextError: it has next to no text, as a scan.
        GarbledError: its fonts do not say which characters they draw.

    """
    document = _open(content)
    try:
        if len(document) > options.max_pages:
            msg = f"expected a PDF of at most {options.max_pages} pages, got {len(document)}"
            raise TooLargeError(msg)
        pages = list(_pages(document, options.max_characters))
        bookmarks = bookmarks_of(document)
        title = " ".join((document.get_metadata_value("Title") or "").split())
    finally:
        document.close()
    _check_text(pages)
    headings: list[Heading] = []
    starts: list[int] = []
    offset = 0
    for number, page in enumerate(pages):
        starts.append(offset)
        headings += headings_on(page, offset, bookmarks.get(number, ()))
        offset += len(page) + len(_BETWEEN_PAGES)
    text = _BETWEEN_PAGES.join(pages)
    return ParsedDocument(text, title or None, paged(sections_of(len(text), headings), starts))


def _open(content: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            msg = "expected a PDF that opens without a password, got an encrypted one; submit a decrypted copy"
            raise EncryptedError(msg) from None
        msg = f"expected a PDF, got bytes that do not open as one: {error}"
        raise CorruptError(msg) from None


def _pages(document: pdfium.PdfDocument, most: int) -> Iterator[str]:
    total = unreadable = 0
    for number in range(len(document)):
        text = _page_text(document, number)
        unreadable += text is None
        total += len(text or "")
        if total > most:
            msg = f"expected at most {most} characters of text, got more in {number + 1} of {len(document)} pages"
            raise TooLargeError(msg)
        yield text or ""
    if unreadable == len(document):
        msg = f"expected readable pages, got {unreadable} that are all damaged"
        raise CorruptError(msg)


def _page_text(document: pdfium.PdfDocument, number: int) -> str | None:
    try:
        page = document[number]
        lines = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    text: str = lines.get_text_bounded()
    # Closed at once: left to the garbage collector, all pages stay in memory.
    lines.close()
    page.close()
    return text.translate(_CLEAN).strip()


def _check_text(pages: list[str]) -> None:
    characters = sum(map(len, pages))
    if not characters or (len(pages) > 1 and characters < _FEWEST_CHARACTERS * len(pages)):
        msg = (
            f"expected text, got {characters} characters on {len(pages)} pages; a scan needs OCR before it is submitted"
        )
        raise NoTextError(msg)
    if is_garbled("\n".join(pages)):
        msg = "expected readable text, got characters that form no words: the fonts carry no character map"
        raise GarbledError(msg)
