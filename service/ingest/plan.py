"""Gives a document and its chunks the ids and hashes by which the graph tells what has changed."""

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

from service.documents import Chunk, Keyword
from service.ingest.options import IngestOptions
from service.ingest.source import Source
from service.ingest.split import Span

PIPELINE = "4"
"""Raise it with every change that gives the same document other chunks or keywords: the graph is then rewritten."""
_BYTES = 16
_LONGEST_TITLE = 1024
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def content_hash(source: Source, options: IngestOptions) -> str:
    """Return the hash of all that decides the result: content, what is said about it, the pipeline and its sizes."""
    said = {
        "charset": source.charset,
        "chunk_overlap": options.chunk_overlap,
        "chunk_size": options.chunk_size,
        "keywords_per_chunk": options.keywords_per_chunk,
        "language": source.language,
        "media_type": source.media_type,
        "metadata": dict(source.metadata),
        "name": source.name,
        "pipeline": PIPELINE,
        "title": source.title,
    }
    canonical = _CANONICAL.encode(said)
    # The text before the content holds no NUL, so no two documents run together to the same bytes.
    return blake2b(canonical.encode() + b"\0" + source.content, digest_size=_BYTES).hexdigest()


def chunks_of(
    document_id: str,
    text: str,
    spans: Sequence[Span],
    keywords: Sequence[tuple[Keyword, ...]],
    fingerprint: str,
) -> tuple[Chunk, ...]:
    """Return the chunks with their ids.

    Equal chunks of one document are told apart by their occurrence, so that each has a node, and an equal chunk of
    another document has another id, since a node belongs to one document.
    """
    occurrences: Counter[str] = Counter()
    chunks = []
    for index, (span, words) in enumerate(zip(spans, keywords, strict=True)):
        passage = text[span.start : span.end]
        digest = _hash(fingerprint, _normalised(passage))
        chunks.append(
            Chunk(
                id=_hash(document_id, digest, str(occurrences[digest])),
                index=index,
                text=passage,
                hash=digest,
                heading=" > ".join(span.path),
                page=span.page,
                start=span.start,
                end=span.end,
                keywords=words,
            )
        )
        occurrences[digest] += 1
    return tuple(chunks)


def fingerprint(language: str, options: IngestOptions) -> str:
    """Return what decides a chunk's keywords besides its text."""
    return f"{PIPELINE}/{options.keywords_per_chunk}/{language}"


def title_of(given: str | None, parsed: str | None) -> str | None:
    """Return the title to show: the given one, else the document's own, on one line."""
    title = " ".join((given or parsed or "").split())
    return title[:_LONGEST_TITLE] or None


def _normalised(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _hash(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=_BYTES).hexdigest()
