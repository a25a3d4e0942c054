"""The job, done plainly, as every peer does it: from the event to what is written, and to the completion.

Standard library only, and each step as one would write it: cut at paragraphs, count words, leave out stop words.
"""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from benchmarks.words import STOPWORDS

CHUNK_SIZE = 1200
"""Characters, at most; the service's default."""
KEYWORDS = 10
"""Per chunk, at most; the service's default."""

Row = dict[str, Any]

_WORD = re.compile(r"[a-z]{3,}")
_STOP = frozenset(STOPWORDS)


def prepare(event: dict[str, Any]) -> Row:
    """Return the row that `graph.write` takes: the document with its chunks, pairs and links."""
    document_id, text = event["document_id"], event["text"]
    chunks: list[Row] = []
    links: list[list[Any]] = []
    for index, (start, passage) in enumerate(split(text)):
        digest = _hash(passage)
        chunk_id = _hash(f"{document_id}/{digest}/{index}")
        end = start + len(passage)
        chunks.append({"id": chunk_id, "index": index, "text": passage, "hash": digest, "start": start, "end": end})
        links += [[f"keyword:{word}", word, chunk_id, weight] for word, weight in keywords(passage)]
    return {
        "id": document_id,
        "version": event["version"],
        "set": {
            "title": event["title"],
            "mediaType": event["media_type"],
            "language": event["language"],
            "contentHash": _hash(text),
            "status": "READY",
        },
        "chunks": chunks,
        "pairs": [[a["id"], b["id"]] for a, b in pairwise(chunks)],
        "links": links,
    }


def completion(row: Row) -> bytes:
    """Return the completion of a document that is in the graph."""
    event = {
        "document_id": row["id"],
        "version": row["version"],
        "occurred_at": datetime.now(UTC).isoformat(),
        "outcome": "created",
        "chunks": {"created": len(row["chunks"]), "kept": 0, "removed": 0, "total": len(row["chunks"])},
        "keywords": len({link[0] for link in row["links"]}),
        "content_hash": row["set"]["contentHash"],
    }
    return json.dumps(event).encode()


def split(text: str) -> list[tuple[int, str]]:
    """Return the chunks with their offsets: as many whole paragraphs as fit, or words where one is too long."""
    chunks: list[tuple[int, str]] = []
    start = 0
    while start < len(text):
        end = start + CHUNK_SIZE
        if end < len(text):
            cut = max(text.rfind("\n\n", start + 1, end), 0) or text.rfind(" ", start + 1, end)
            end = cut if cut > start else end
        passage = text[start:end].strip()
        if passage:
            chunks.append((text.index(passage, start), passage))
        start = end
    return chunks


def keywords(text: str) -> list[tuple[str, float]]:
    """Return the words that are said most often, with their weights: the first weighs 1."""
    counts = Counter(word for word in _WORD.findall(text.lower()) if word not in _STOP).most_common(KEYWORDS)
    return [(word, count / counts[0][1]) for word, count in counts]


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
