"""What is known of a hostile document, and the media types they claim to have."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.reasons import Reason

READ = None
"""The right answer is a prepared document."""

PDF = "application/pdf"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
CSV = "text/csv"
JSON = "application/json"
JSONL = "application/jsonl"
EML = "message/rfc822"
RTF = "application/rtf"
EPUB = "application/epub+zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A document to be afraid of."""

    name: str
    media_type: str | None
    """As its producer declares it."""
    build: Callable[[], bytes]
    answers: frozenset[Reason | None]
    """Right answers; more than one where a damaged document may or may not still be read."""
    large: bool = False
    """Whether it takes seconds to make or to refuse; these are left out of the short form."""
    secret: str = ""
    """What must not be found in any chunk."""


def hostile(
    name: str,
    media_type: str | None,
    build: Callable[[], bytes],
    *answers: Reason | None,
    large: bool = False,
    secret: str = "",
) -> Hostile:
    """Return the document with these right answers."""
    return Hostile(name, media_type, build, frozenset(answers), large, secret)
