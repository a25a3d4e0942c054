"""The way of a document from bytes to what the graph writes, in one synchronous function."""

from service.documents import PreparedDocument
from service.errors import NoTextError, TooLargeError
from service.ingest import plan
from service.ingest.formats import format_of
from service.ingest.keywords import keywords_of
from service.ingest.language import language_of
from service.ingest.media_types import MediaType, tell
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument
from service.ingest.source import Source
from service.ingest.split import split


def prepare(source: Source, options: IngestOptions) -> PreparedDocument:
    """Return the document with its chunks and keywords.

    Raises:
        PermanentError: the document is not one that can be read; the type says why.

    """
    media_type = accept(source, options)
    parsed = _parse(source, media_type, options)
    language = language_of(parsed.text, source.language)
    spans = split(parsed, options.chunk_size, options.max_chunks)
    keywords = [keywords_of(parsed.text[span.start : span.end], language, options.keywords_per_chunk) for span in spans]
    return PreparedDocument(
        document_id=source.document_id,
        title=plan.title_of(source.title, parsed.title),
        media_type=media_type.name,
        language=language,
        metadata=source.metadata,
        content_hash=plan.content_hash(source, options),
        chunks=plan.chunks_of(source.document_id, parsed.text, spans, keywords, plan.fingerprint(language, options)),
    )


def accept(source: Source, options: IngestOptions) -> MediaType:
    """Return the media type to read the source as; refuse what is not worth opening.

    Raises:
        TooLargeError: the source has too many bytes.
        NoTextError: it has none.
        UnsupportedMediaTypeError: it is of a kind that is not read.

    """
    if len(source.content) > options.max_document:
        msg = f"expected a document of at most {options.max_document} bytes, got {len(source.content)}"
        raise TooLargeError(msg)
    if not source.content:
        msg = "expected a document with text, got an empty one"
        raise NoTextError(msg)
    media_type = tell(source.content, source.media_type)
    format_of(media_type.name)
    return media_type


def _parse(source: Source, media_type: MediaType, options: IngestOptions) -> ParsedDocument:
    parse = format_of(media_type.name).parse
    parsed = parse(source.content, source.charset or media_type.charset, options)
    if len(parsed.text) > options.max_characters:
        msg = f"expected at most {options.max_characters} characters of text, got {len(parsed.text)}"
        raise TooLargeError(msg)
    if not parsed.text or parsed.text.isspace():
        msg = f"expected a document with text, got {len(source.content)} bytes of {media_type.name} without any"
        raise NoTextError(msg)
    return parsed
