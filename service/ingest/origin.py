"""Where a document came from, in a form that tells whether it must be read again."""

from schemas.events import DocumentSubmitted
from service.documents import Origin, Validator
from service.ingest.fetching import uris
from service.ingest.options import IngestOptions
from service.ingest.plan import content_hash
from service.ingest.source import Source


def key_of(event: DocumentSubmitted, options: IngestOptions) -> str:
    """Return a hash of the event's URI and of all that decides, besides the content, what is made of it.

    It is the content hash of a document that consists of its own address, so that whatever goes into that hash (sizes,
    the pipeline's number, title, metadata) is in this one too. An unchanged ETag under another key means nothing: the
    same bytes would now be cut or read in another way.
    """
    said = Source(
        document_id=event.document_id,
        content=(event.uri or "").encode(),
        media_type=event.media_type,
        title=event.title,
        language=event.language,
        metadata=event.metadata,
    )
    return content_hash(said, options)


def origin_of(event: DocumentSubmitted, validator: Validator, options: IngestOptions) -> Origin:
    """Return the origin of a fetched document."""
    return Origin(uris.kept(event.uri or ""), key_of(event, options), validator)
