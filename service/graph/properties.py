"""How a document's state is laid out in the properties of its node, both ways."""

import json
from collections.abc import Mapping
from typing import Any

from schemas import ChunkCounts, ProcessedOutcome, RemovedOutcome
from service.documents import Origin, PreparedDocument, Validator
from service.graph.changes import Answer, DocumentState

LIVE = "READY"
TOMBSTONE = "DELETED"


def document_properties(state: DocumentState, document: PreparedDocument) -> dict[str, Any]:
    """Return the properties of a live document; None removes one."""
    # Metadata is one JSON text: keys of the producers' own as property names would use up the store's name table.
    metadata = json.dumps(dict(document.metadata), ensure_ascii=False, sort_keys=True) if document.metadata else None
    return (
        register_properties(state)
        | _origin_properties(document.origin)
        | {
            "status": LIVE,
            "title": document.title,
            "mediaType": document.media_type,
            "language": document.language,
            "metadata": metadata,
            "contentHash": document.content_hash,
            "chunkCount": len(document.chunks),
            "deletedAt": None,
        }
    )


def tombstone_properties(state: DocumentState) -> dict[str, Any]:
    """Return the properties of a deleted document: the version register stays, all else goes."""
    gone = ("title", "mediaType", "language", "metadata", "contentHash", "chunkCount")
    return register_properties(state) | _origin_properties(None) | dict.fromkeys(gone) | {"status": TOMBSTONE}


def _origin_properties(origin: Origin | None) -> dict[str, Any]:
    validator = origin.validator if origin else Validator()
    return {
        "uri": origin.uri if origin else None,
        "etag": validator.etag,
        "lastModified": validator.last_modified,
        "fetchLocation": validator.location,
        "fetchKey": origin.key if origin else None,
    }


def register_properties(state: DocumentState) -> dict[str, Any]:
    """Return the version register: all that an event changes which finds its content in place."""
    answer = state.last_answer
    assert answer is not None
    counts = answer.chunks
    return {
        "version": state.version,
        "lastEventId": state.last_event_id,
        "lastOutcome": answer.outcome.value,
        "lastChunks": [counts.created, counts.kept, counts.removed, counts.total],
        "keywordCount": answer.keywords,
    }


def document_state(record: Mapping[str, Any]) -> DocumentState:
    """Return the state that a row of the statement `claim` describes."""
    return DocumentState(
        version=record["version"],
        live=record["status"] == LIVE,
        content_hash=record["contentHash"],
        last_event_id=record["lastEventId"],
        last_answer=_last_answer(record),
        origin=_origin(record),
    )


def _origin(record: Mapping[str, Any]) -> Origin | None:
    # The statement `claim` does not read it: nothing is decided by it under the lock.
    if (key := record.get("fetchKey")) is None:
        return None
    validator = Validator(record["etag"], record["lastModified"], record["fetchLocation"])
    return Origin(record["uri"], key, validator)


def _last_answer(record: Mapping[str, Any]) -> Answer | None:
    if (outcome := record["lastOutcome"]) is None:
        return None
    outcomes = RemovedOutcome if record["status"] == TOMBSTONE else ProcessedOutcome
    created, kept, removed, total = record["lastChunks"]
    counts = ChunkCounts(created=created, kept=kept, removed=removed, total=total)
    return Answer(outcomes(outcome), counts, record["keywordCount"])
