"""Reads a document whose bytes, declared type and name are known: tells what it is, opens it, checks what came out."""

from service.errors import DocgraphError, NoTextError, ParserCrashedError, TooLargeError, UnsafeError
from service.ingest.containers import inside
from service.ingest.formats import format_of
from service.ingest.formats.archive import opened
from service.ingest.media_types import MediaType
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument, sound
from service.ingest.telling import tell


def read(
    content: bytes, declared: str | None, name: str | None, charset: str | None, options: IngestOptions
) -> tuple[MediaType, ParsedDocument]:
    """Return what the content really is, and its text.

    Args:
        content: the document's bytes.
        declared: its media type as declared, with parameters.
        name: its file name.
        charset: its charset, when that is known for certain.
        options: what is refused.

    Raises:
        PermanentError: the document is not one that can be read; the type says why.

    """
    try:
        media_type = inside(content, tell(content, declared, name), options)
        parsed = _parsed(content, charset, media_type, options)
    finally:
        # Nothing of one document is kept for the next.
        opened.cache_clear()
    if len(parsed.text) > options.max_characters:
        msg = f"expected at most {options.max_characters} characters of text, got {len(parsed.text)}"
        raise TooLargeError(msg)
    if not parsed.text or parsed.text.isspace():
        msg = f"expected a document with text, got {len(content)} bytes of {media_type.name} without any"
        raise NoTextError(msg)
    return media_type, parsed


def _parsed(content: bytes, charset: str | None, media_type: MediaType, options: IngestOptions) -> ParsedDocument:
    parse = format_of(media_type.name).parse
    try:
        return sound(parse(content, charset or media_type.charset, options))
    except (DocgraphError, MemoryError):
        raise
    except RecursionError:
        # The parser's own limit comes first where it counts before us.
        msg = (
            f"expected {media_type.name} of at most {options.max_nesting} elements inside each other, "
            "got more than its parser takes"
        )
        raise UnsafeError(msg) from None
    except Exception as error:
        # The parser's own error is an answer about its document, wherever it runs.
        msg = f"expected the parser to read {media_type.name}, got {type(error).__name__}: {error}"
        raise ParserCrashedError(msg) from error
