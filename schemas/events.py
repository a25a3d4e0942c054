"""Events in: what a producer publishes. Frozen; unknown fields are ignored on reading, forbidden on writing.

Evolution is additive: a new field is optional, a field is never removed, renamed or retyped without a new major version
(`tests/repo` compares the JSON Schemas with the last released ones).
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from schemas.fields import Base64, DocumentId, Metadata, Version

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _inclusive(*alternatives: str) -> list[JsonValue]:
    return [{"required": [name]} for name in alternatives]


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
    """Where to fetch the document from: `https`, `s3`, `gs`, `az`; `http` and `file` where the service allows them."""
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


INPUTS: tuple[type[Event], ...] = (DocumentSubmitted, DocumentDeleted)
