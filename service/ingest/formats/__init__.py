"""The formats that are read, by media type. A further format is a module here and a line in `FORMATS`.

A format is a function from bytes, charset and options to a `ParsedDocument`. It raises the errors of `service.errors`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.errors import UnsupportedMediaTypeError
from service.ingest import media_types
from service.ingest.formats import html, markdown, plain
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

Parse = Callable[[bytes, str | None, IngestOptions], ParsedDocument]


@dataclass(frozen=True, slots=True)
class Format:
    """How a media type is read."""

    parse: Parse
    isolated: bool = False
    """Whether it is read in a child process whatever its size: its parser may hang, crash or exhaust the memory."""


def _pdf(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    # Imported here: PDFium is loaded in the children only.
    from service.ingest.formats import pdf  # noqa: PLC0415

    return pdf.parse(content, charset, options)


FORMATS: Mapping[str, Format] = {
    media_types.PLAIN: Format(plain.parse),
    media_types.MARKDOWN: Format(markdown.parse),
    media_types.HTML: Format(html.parse),
    media_types.XHTML: Format(html.parse),
    media_types.PDF: Format(_pdf, isolated=True),
}


def format_of(media_type: str) -> Format:
    """Return how the media type is read.

    Raises:
        UnsupportedMediaTypeError: it is not; the text names those that are.

    """
    try:
        return FORMATS[media_type]
    except KeyError:
        msg = f"expected one of {', '.join(FORMATS)}, got {media_type[:100]!r}"
        raise UnsupportedMediaTypeError(msg) from None
