"""Values for tests; every argument has a default that makes sense."""

import hashlib

from service.documents import Chunk, Keyword, PreparedDocument
from service.graph.changes import Confirmation, Deletion, Submission


def digest(*parts: object) -> str:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def a_document(document_id: str = "doc", *texts: str, **fields) -> PreparedDocument:
    """A document of one chunk per text; every word of a text is a keyword of its chunk."""
    chunks, start, seen = [], 0, {}
    for index, text in enumerate(texts):
        seen[text] = seen.get(text, 0) + 1
        words = dict.fromkeys(text.split())
        chunks.append(
            Chunk(
                id=digest(document_id, text, seen[text]),
                index=index,
                text=text,
                hash=digest(text),
                heading="",
                page=None,
                start=start,
                end=start + len(text),
                keywords=tuple(Keyword(f"keyword:{word}", word, 0.5) for word in words),
            )
        )
        start += len(text) + 1
    values = {
        "title": f"Title of {document_id}",
        "media_type": "text/plain",
        "language": "en",
        "metadata": {},
        "content_hash": digest(*texts),
    }
    return PreparedDocument(document_id=document_id, chunks=tuple(chunks), **(values | fields))


def a_submission(document_id: str, version: int, *texts: str, event_id: str | None = None, **fields) -> Submission:
    return Submission(event_id or f"{document_id}@{version}", version, a_document(document_id, *texts, **fields))


def a_deletion(document_id: str, version: int, *, event_id: str | None = None) -> Deletion:
    return Deletion(event_id or f"{document_id}@{version}", version, document_id)


def a_confirmation(document_id: str, version: int, *texts: str, event_id: str | None = None) -> Confirmation:
    """A confirmation of the content that `a_submission` with the same texts has."""
    return Confirmation(event_id or f"{document_id}@{version}", version, document_id, digest(*texts))
