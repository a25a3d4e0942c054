"""What flows inside: a document made ready for the graph.

Plain values, known to `ingest`, which makes them, and to `graph`, which writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Scalar = str | int | float | bool


class Keyword(NamedTuple):
    """A keyword of one chunk. A tuple, as a document has dozens, and a tuple is made three times as fast."""

    id: str
    """`keyword:` and the normalised form: the same word meets in one node."""
    name: str
    """The form to show."""
    weight: float
    """Above 0, at most 1: how much the chunk is about it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a document's text, small enough to retrieve."""

    id: str
    """Hash of the document id, the text's hash and its occurrence: unchanged text keeps its node."""
    index: int
    """Position in the document, from 0."""
    text: str
    hash: str
    """Hash of the text and of what else decides its keywords (language, extractor version)."""
    heading: str
    """Titles of the sections around it, outermost first, joined by ` > `; empty at top level."""
    page: int | None
    """Page it starts on, from 1; None when the format has no pages."""
    start: int
    """Offset of its first character in the document's extracted text."""
    end: int
    """Offset behind its last character: `text == extracted[start:end]`."""
    keywords: tuple[Keyword, ...]


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells whether the content at an address is still the same, without reading it."""

    etag: str | None = None
    """The server's name for exactly this content."""
    last_modified: str | None = None
    """When it changed last, as an HTTP date; given only when that is exact enough to rely on."""
    location: str | None = None
    """Hash of the address that answered in the end: the same ETag of another address says nothing."""

    @property
    def usable(self) -> bool:
        """Whether a server can be asked with it."""
        return self.location is not None and (self.etag or self.last_modified) is not None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document was fetched from."""

    uri: str
    """Without credentials and signatures."""
    key: str
    """Hash of the whole URI and of all that decides, besides the content, what is made of it. With another key a
    validator says nothing: the same bytes would be read in another way."""
    validator: Validator


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document with everything the graph needs to know of it."""

    document_id: str
    title: str | None
    media_type: str
    language: str
    """ISO 639-1 code, or `und` when it could not be told."""
    metadata: Mapping[str, Scalar]
    content_hash: str
    """Hash of the content and of all that decides the result: the same hash means nothing to write."""
    chunks: tuple[Chunk, ...]
    origin: Origin | None = None
    """None for a document that came within its event."""
