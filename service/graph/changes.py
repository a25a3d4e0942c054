"""What the graph is asked to do, what it knows before, and what it answers. Plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import ChunkCounts, ProcessedOutcome, RemovedOutcome
from service.documents import Origin, PreparedDocument

NOTHING = ChunkCounts(created=0, kept=0, removed=0, total=0)


@dataclass(frozen=True, slots=True)
class Submission:
    """Bring the graph up to a document."""

    event_id: str
    version: int
    document: PreparedDocument

    @property
    def document_id(self) -> str:
        """The document it is about."""
        return self.document.document_id


@dataclass(frozen=True, slots=True)
class Deletion:
    """Remove a document and leave a tombstone."""

    event_id: str
    version: int
    document_id: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The content that the graph holds is also that of a newer version: its server says that nothing has changed.

    What was read from the graph to ask the server may be out of date by the time of the answer, so this changes nothing
    but the version register, and only while the graph still holds the very content that was asked about.
    """

    event_id: str
    version: int
    document_id: str
    content_hash: str
    """Of the content that was asked about."""


Change = Submission | Deletion | Confirmation


@dataclass(frozen=True, slots=True)
class Answer:
    """What a change did. A repeat of the same event gets an equal answer."""

    outcome: ProcessedOutcome | RemovedOutcome
    chunks: ChunkCounts = NOTHING
    keywords: int = 0
    holds: bool = True
    """False for a confirmation of content that the graph no longer holds: nothing was done, the document itself must be
    submitted; the outcome means nothing."""


STALE = Answer(ProcessedOutcome.SUPERSEDED, holds=False)


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk as it stands in the graph."""

    id: str
    index: int
    start: int
    end: int
    page: int | None
    heading: str


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document as it stands in the graph, read under its lock."""

    version: int
    """-1: never seen."""
    live: bool
    """False for a document that is new or a tombstone."""
    content_hash: str | None
    last_event_id: str | None
    last_answer: Answer | None
    """The answer to `last_event_id`."""
    chunks: Sequence[ChunkRecord] = ()
    """In order; empty when they were not read."""
    origin: Origin | None = None
    """Where the document was fetched from; None when it was not, or when that was not read."""


UNSEEN = DocumentState(-1, live=False, content_hash=None, last_event_id=None, last_answer=None)
"""A document of which no event has come yet."""
