"""Which kind of document it is: as declared, unless the bytes plainly say otherwise."""

import re
from dataclasses import dataclass

from service.errors import UnsupportedMediaTypeError

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
XHTML = "application/xhtml+xml"
PDF = "application/pdf"

_ALIASES = {"text/x-markdown": MARKDOWN, "application/x-pdf": PDF}
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"})
_PDF_HEAD = re.compile(rb"[\s\0]*(?:\xef\xbb\xbf)?%PDF-\d")
_HTML_HEAD = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html[\s>])", re.IGNORECASE
)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# First bytes that no text has. They are named in the error, so that a producer sees what was really sent.
_BINARY = {
    b"PK\x03\x04": "a ZIP archive (DOCX, XLSX, EPUB and the like)",
    b"\xd0\xcf\x11\xe0": "an OLE file (DOC, XLS, PPT, MSG)",
    b"{\\rtf": "RTF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7-Zip archive",
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type without parameters, in lower case, and the charset among its parameters."""

    name: str
    charset: str | None = None


def tell(content: bytes, declared: str | None) -> MediaType:
    """Return the media type to read the content as.

    The declared one holds unless the content starts as PDF. Without one the content tells between PDF, HTML and plain
    text; Markdown cannot be told from plain text, so it is never guessed.

    Raises:
        UnsupportedMediaTypeError: the content starts as a binary format that is not read.

    """
    given = _read(declared or "")
    if _PDF_HEAD.match(content, 0, 1024):
        return MediaType(PDF)
    for head, name in _BINARY.items():
        if content.startswith(head):
            msg = f"expected text, HTML, Markdown or PDF, got {name}"
            raise UnsupportedMediaTypeError(msg)
    if given.name not in _SAYS_NOTHING:
        return given
    return MediaType(HTML if _HTML_HEAD.match(content, 0, 1024) else PLAIN, given.charset)


def _read(declared: str) -> MediaType:
    name = declared.partition(";")[0].strip().lower()
    charset = _CHARSET.search(declared)
    return MediaType(_ALIASES.get(name, name), charset[1].lower() if charset else None)
