"""The five events. Frozen; unknown fields are ignored on reading (`Event.read`), forbidden on writing (constructor).

Evolution is additive: a new field is optional, a field is never removed, renamed or retyped without a new major version
(`tests/repo` compares the committed JSON Schemas with the last released ones).
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    EncodedBytes,
    EncoderProtocol,
    Field,
    JsonValue,
    NonNegativeInt,
    StringConstraints,
    model_validator,
)

from schemas.reasons import Reason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_VERSION = 2**63 - 1
"""Neo4j stores integers in 64 bits."""

DocumentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512),
    Field(description="The producer's id of the document, 1 to 512 characters.", examples=["handbook/install"]),
]
Version = Annotated[
    int,
    Field(
        ge=0,
        le=LARGEST_VERSION,
        description="Grows with every change of the document; an event that is not newer than the graph has no effect.",
        examples=[7],
    ),
]
MetadataValue = str | bool | int | float
Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], MetadataValue],
    Field(max_length=64, description="Flat facts of the producer's own, at most 64.", examples=[{"team": "platform"}]),
]
EventId = Annotated[
    str, Field(description="Event id of the input: its AMQP `message_id`, or a UUIDv5 of its body without one.")
]


class _StrictBase64(EncoderProtocol):
    """Base64 (RFC 4648) that refuses what is none; pydantic's own drops wrong characters, which changes documents."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error as error:
            msg = f"expected base64 (RFC 4648, standard alphabet, padded), got something else: {error}"
            raise ValueError(msg) from None

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return base64.b64encode(value)

    @classmethod
    def get_json_format(cls) -> Literal["base64"]:
        return "base64"


Base64 = Annotated[bytes, EncodedBytes(encoder=_StrictBase64)]


def _inclusive(*alternatives: str) -> list[JsonValue]:
    return [{"required": [name]} for name in alternatives]


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


class Event(BaseModel):
    """Base of the five events: `kind` is the AMQP `type` and the routing key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: ClassVar[str]

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read an event from a message body.

        Args:
            body: JSON in UTF-8. Unknown fields are ignored.

        Raises:
            pydantic.ValidationError: the body is not JSON or not this event.

        """
        return cls.model_validate_json(body, extra="ignore")

    def write(self) -> bytes:
        """Return the body to publish: JSON in UTF-8, without the fields that are not set."""
        return self.model_dump_json(exclude_none=True).encode()


class _Input(Event):
    document_id: DocumentId
    version: Version | None = None
    """Grows with every change of the document. Without it, `occurred_at` in microseconds is the version."""
    occurred_at: AwareDatetime | None = Field(default=None, examples=["2026-11-23T09:30:00Z"])
    """When the document changed, with a time zone. Required when `version` is absent."""

    @model_validator(mode="after")
    def _has_an_order(self) -> Self:
        if self.version is None and self.occurred_at is None:
            msg = "expected version or occurred_at, got neither: the order of a document's events cannot be told"
            raise ValueError(msg)
        if self.version is None and self.occurred_at is not None and self.occurred_at < EPOCH:
            msg = f"expected occurred_at to be 1970 or later, got {self.occurred_at.isoformat()}"
            raise ValueError(msg)
        return self

    @property
    def order(self) -> int:
        """The version that the graph compares: `version`, or `occurred_at` in microseconds since 1970."""
        if self.version is not None:
            return self.version
        assert self.occurred_at is not None
        return (self.occurred_at - EPOCH) // timedelta(microseconds=1)


class DocumentSubmitted(_Input):
    """A document is new or has changed: bring the graph up to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [{"oneOf": _inclusive("text", "data", "uri")}, {"anyOf": _inclusive("version", "occurred_at")}],
            "examples": [
                {
                    "document_id": "handbook/install",
                    "version": 7,
                    "occurred_at": "2026-11-23T09:30:00Z",
                    "text": "# Install\n\nRun the installer.",
                    "media_type": "text/markdown",
                    "title": "Install",
                    "language": "en",
                    "metadata": {"team": "platform"},
                }
            ],
        }
    )
    kind: ClassVar[str] = "document.submitted"

    text: str | None = Field(default=None, examples=["# Install\n\nRun the installer."])
    """The document itself, when it is text. Exactly one of `text`, `data` and `uri` is given."""
    data: Base64 | None = Field(default=None, examples=["JVBERi0xLjcK"])
    """The document's bytes in base64, when it is binary."""
    uri: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = Field(
        default=None, examples=["s3://handbook/install.pdf"]
    )
    """Where to fetch the document from."""
    media_type: Annotated[str, StringConstraints(min_length=3, max_length=255)] | None = Field(
        default=None, examples=["text/markdown"]
    )
    """The document's media type; when absent it is told from the content."""
    title: Annotated[str, StringConstraints(max_length=1024)] | None = Field(default=None, examples=["Install"])
    """Shown with search hits; when absent the document's own title is taken."""
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = Field(
        default=None, examples=["en"]
    )
    """Language tag (BCP 47); when absent it is detected."""
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        given = [name for name in ("text", "data", "uri") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"expected exactly one of text, data and uri, got {' and '.join(given) or 'none'}"
            raise ValueError(msg)
        return self


class DocumentDeleted(_Input):
    """A document is gone: remove it from the graph and keep a tombstone against late events."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": _inclusive("version", "occurred_at"),
            "examples": [{"document_id": "handbook/install", "version": 8, "occurred_at": "2026-11-23T10:00:00Z"}],
        }
    )
    kind: ClassVar[str] = "document.deleted"


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
    """Milliseconds from taking the message to the committed transaction, in this attempt."""
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
    """Hash of the content and of all settings that decide its chunks and keywords."""


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


INPUTS: tuple[type[Event], ...] = (DocumentSubmitted, DocumentDeleted)
COMPLETIONS: tuple[type[Event], ...] = (DocumentProcessed, DocumentRemoved, DocumentFailed)
