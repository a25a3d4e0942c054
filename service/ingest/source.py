"""The document as it comes in, before anything is read from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.events import DocumentSubmitted
from service.documents import Scalar
from service.errors import UnsupportedUriError


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


def fetch(event: DocumentSubmitted) -> Source:
    """Return the event's document.

    Raises:
        UnsupportedUriError: the event gives a `uri`; only `text` and `data` are read so far.

    """
    if event.uri is not None:
        msg = f"expected the document as text or data, got uri {event.uri[:200]!r}: fetching is not set up"
        raise UnsupportedUriError(msg)
    return Source(
        document_id=event.document_id,
        content=event.data if event.data is not None else (event.text or "").encode(),
        media_type=event.media_type,
        # JSON carried the text as characters, so a charset in its media type or in its HTML is no longer true.
        charset="utf-8" if event.text is not None else None,
        title=event.title,
        language=event.language,
        metadata=event.metadata,
    )
