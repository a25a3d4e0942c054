"""The contract: every event that goes in or comes out, and nothing else.

This package imports pydantic only, so any producer or consumer can depend on it without the service.
What belongs here: event models, the closed set of failure reasons, the JSON Schemas generated from them (`json/`).
What does not: topology, settings, anything that talks to a server.
"""

from schemas.completions import (
    COMPLETIONS,
    ChunkCounts,
    DocumentFailed,
    DocumentProcessed,
    DocumentRemoved,
    ProcessedOutcome,
    RemovedOutcome,
)
from schemas.events import INPUTS, DocumentDeleted, DocumentSubmitted, Event
from schemas.identity import completion_id, event_id
from schemas.reasons import Reason

__all__ = [  # noqa: RUF022 - grouped by what they are
    # in
    "DocumentSubmitted",
    "DocumentDeleted",
    # out
    "DocumentProcessed",
    "DocumentRemoved",
    "DocumentFailed",
    # parts
    "ChunkCounts",
    "Event",
    "ProcessedOutcome",
    "Reason",
    "RemovedOutcome",
    # all of each
    "COMPLETIONS",
    "INPUTS",
    # identity
    "completion_id",
    "event_id",
]
