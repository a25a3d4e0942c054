"""The way of a document from bytes to what the graph writes, in one synchronous function."""

from service.documents import PreparedDocument
from service.errors import NoTextError, TooLargeError
from service.ingest import plan
from service.ingest.keywords import keywords_of
from service.ingest.language import language_of
from service.ingest.media_types import MediaType
from service.ingest.options import IngestOptions
from service.ingest.pace import Pace, unhurried
from service.ingest.reading import read
from service.ingest.source import Source
from service.ingest.split import split
from service.ingest.telling import tell


def prepare(source: Source, options: IngestOptions, pace: Pace = unhurried) -> PreparedDocument:
    """Return the document with its chunks and keywords.

    Args:
        source: the document as it came.
        options: limits and sizes.
        pace: called between the steps of the work.

    Raises:
        PermanentError: the document is not one that can be read; the type says why.
        TooSlowError: `pace` raises it.

    """
    check(source, options)
    media_type, parsed = read(source.content, source.media_type, source.name, source.charset, options)
    pace()
    language = language_of(parsed.text[parsed.prose :] or parsed.text, source.language, parsed.language)
    spans = split(parsed, options.chunk_size, options.max_chunks, options.chunk_overlap, pace)
    keywords = []
    for span in spans:
        pace()
        keywords.append(keywords_of(parsed.text[span.start : span.end], language, options.keywords_per_chunk))
    pace()
    return PreparedDocument(
        document_id=source.document_id,
        title=plan.title_of(source.title, parsed.title),
        media_type=media_type.name,
        language=language,
        # What the producer says of the document wins over what the document says of itself.
        metadata=dict(parsed.metadata) | dict(source.metadata),
        content_hash=plan.content_hash(source, options),
        chunks=plan.chunks_of(source.document_id, parsed.text, spans, keywords, plan.fingerprint(language, options)),
    )


def accept(source: Source, options: IngestOptions) -> MediaType:
    """Return the media type to read the source as, as far as its first bytes tell; refuse what is not worth opening.

    Raises:
        TooLargeError, NoTextError: as for `check`.
        UnsupportedMediaTypeError: the source is of a kind that is not read.

    """
    check(source, options)
    return tell(source.content, source.media_type, source.name)


def check(source: Source, options: IngestOptions) -> None:
    """Refuse what is not worth opening.

    Raises:
        TooLargeError: the source has too many bytes.
        NoTextError: it has none.

    """
    if len(source.content) > options.max_document:
        msg = f"expected a document of at most {options.max_document} bytes, got {len(source.content)}"
        raise TooLargeError(msg)
    if not source.content:
        msg = "expected a document with text, got an empty one"
        raise NoTextError(msg)
