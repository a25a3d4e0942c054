"""The document as it comes in, before anything is read from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.events import DocumentSubmitted
from service.documents import Scalar
from service.ingest.fetching.fetched import Fetched


@dataclass(frozen=True, slots=True)
class Source:
    """A document's bytes and what its producer says about them."""

    document_id: str
    content: bytes
    media_type: str | None = None
    """As declared, parameters included; None lets the content tell."""
    charset: str | None = None
    """Charset of the content when it is known for certain; wins over everything that the content claims."""
    title: str | None = None
    language: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    name: str | None = None
    """File name, with or without folders, when there is one; its suffix tells the type where nothing better does."""


def given(event: DocumentSubmitted) -> Source:
    """Return the document that the event itself holds, as text or as data."""
    return Source(
        document_id=event.document_id,
        content=event.data if event.data is not None else (event.text or "").encode(),
        media_type=event.media_type,
        # JSON carried the text as characters, so a charset in its media type or in its HTML is no longer true.
        charset="utf-8" if event.text is not None else None,
        title=event.title,
        language=event.language,
        metadata=event.metadata,
        name=_named(event),
    )


def referred(event: DocumentSubmitted, fetched: Fetched) -> Source:
    """Return the document that was fetched for the event. The producer's word goes before the server's."""
    return Source(
        document_id=event.document_id,
        content=fetched.content,
        media_type=event.media_type or fetched.media_type,
        title=event.title,
        language=event.language,
        metadata=event.metadata,
        name=_named(event) or fetched.name,
    )


def _named(event: DocumentSubmitted) -> str | None:
    """Return the file name that the event's metadata give."""
    names = (event.metadata.get(key) for key in ("filename", "file_name"))
    return next((name for name in names if isinstance(name, str)), None)
