"""The media types that are read, under the one name that each of them has here."""

from dataclasses import dataclass

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
XHTML = "application/xhtml+xml"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
EML = "message/rfc822"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSONL = "application/x-ndjson"
RTF = "application/rtf"
ZIP = "application/zip"
"""A ZIP archive that nobody has looked into yet."""
OLE = "application/x-ole-storage"
"""The container of older Office files, not looked into yet."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type without parameters, in lower case, and the charset among its parameters."""

    name: str
    charset: str | None = None
