"""Events out: what the service answers. Every input gets exactly one kind of these."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, NonNegativeInt

from schemas.events import Event
from schemas.fields import DocumentId, EventId, Version
from schemas.reasons import Reason


class ProcessedOutcome(StrEnum):
    """What a submission did to the graph."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"


class RemovedOutcome(StrEnum):
    """What a deletion did to the graph."""

    REMOVED = "removed"
    ABSENT = "absent"
    SUPERSEDED = "superseded"


class ChunkCounts(BaseModel):
    """How a submission changed the document's chunks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    created: NonNegativeInt
    """Chunks whose text is new."""
    kept: NonNegativeInt
    """Chunks whose text was there before; their nodes are the same."""
    removed: NonNegativeInt
    """Chunks whose text is gone."""
    total: NonNegativeInt
    """Chunks of the document now."""


_HEAD_EXAMPLE: dict[str, JsonValue] = {
    "document_id": "handbook/install",
    "version": 7,
    "causation_id": "5b1f0b52-2b0e-4c5e-9a53-52a1b1d1f9a0",
    "occurred_at": "2026-11-23T09:30:01Z",
}


class _Completion(Event):
    causation_id: EventId
    occurred_at: AwareDatetime
    """When the input was answered."""


class _Completed(_Completion):
    document_id: DocumentId
    version: Version
    duration_ms: Annotated[float, Field(ge=0)]
    """Milliseconds from the event that was read to the committed transaction, in this attempt."""
    attempt: Annotated[int, Field(ge=1)]
    """1 for the first attempt, 2 after one retry, and so on."""


class DocumentProcessed(_Completed):
    """A submission is in the graph, or has been overtaken by a newer event."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _HEAD_EXAMPLE
                | {
                    "outcome": "updated",
                    "chunks": {"created": 1, "kept": 11, "removed": 1, "total": 12},
                    "keywords": 64,
                    "content_hash": "9b74c9897bac770ffc029102a200c5de",
                    "duration_ms": 14.2,
                    "attempt": 1,
                }
            ]
        }
    )
    kind: ClassVar[str] = "document.processed"

    outcome: ProcessedOutcome
    """`superseded`: the graph already holds a newer version or a newer deletion; the submission had no effect."""
    chunks: ChunkCounts
    keywords: NonNegativeInt
    """Distinct keywords of the document."""
    content_hash: str
    """Hash of the content and of all settings that decide its chunks and keywords. Empty when the document is given by
    `uri` and was not fetched, as a newer event had overtaken it."""


class DocumentRemoved(_Completed):
    """A deletion is in the graph, or has been overtaken by a newer event."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [_HEAD_EXAMPLE | {"version": 8, "outcome": "removed", "duration_ms": 4.1, "attempt": 1}]
        }
    )
    kind: ClassVar[str] = "document.removed"

    outcome: RemovedOutcome
    """`absent`: there was nothing to remove; a tombstone is kept all the same."""


class DocumentFailed(_Completion):
    """An input was given up and lies in the queue `documents.dead`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _HEAD_EXAMPLE
                | {
                    "reason": "encrypted",
                    "error": "EncryptedError",
                    "detail": "expected a PDF without a password, got one that asks for it; submit a decrypted copy",
                    "attempts": 1,
                }
            ]
        }
    )
    kind: ClassVar[str] = "document.failed"

    document_id: DocumentId | None = None
    """Absent when the body could not be read."""
    version: Version | None = None
    """Absent when the body could not be read."""
    reason: Reason
    error: str
    """Class of the error."""
    detail: str
    """What was expected, what came and how to fix it; at most 2,000 characters."""
    attempts: Annotated[int, Field(ge=1)]
    """How often the input was tried."""


COMPLETIONS: tuple[type[Event], ...] = (DocumentProcessed, DocumentRemoved, DocumentFailed)
