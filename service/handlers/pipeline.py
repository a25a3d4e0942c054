"""What the service does with an event, between its message and its completion: the same for every way in."""

import time
from typing import Any

from pydantic import ValidationError

from schemas import DocumentDeleted, DocumentProcessed, DocumentRemoved, DocumentSubmitted, ProcessedOutcome
from service.delivery.envelope import Envelope, now
from service.errors import PermanentError, TransientError
from service.graph.changes import Answer, Confirmation, Deletion, DocumentState, Submission
from service.graph.committer import Committer
from service.graph.plan import answer_of
from service.graph.registers import Registers
from service.ingest.ingestor import Ingestor
from service.telemetry import Metrics

Input = DocumentSubmitted | DocumentDeleted
Completion = DocumentProcessed | DocumentRemoved


class Pipeline:
    """Brings the graph up to events and says what that did. One for a process."""

    def __init__(self, ingestor: Ingestor, committer: Committer, registers: Registers, metrics: Metrics) -> None:
        self._ingestor = ingestor
        self._committer = committer
        self._registers = registers
        self._metrics = metrics

    async def handle(self, event: Input, envelope: Envelope) -> Completion:
        """Do what the event's kind calls for.

        Raises:
            PermanentError, TransientError: the document cannot be had, read or stored; the type says why.

        """
        if isinstance(event, DocumentSubmitted):
            return await self.process(event, envelope)
        return await self.remove(event, envelope)

    async def process(self, event: DocumentSubmitted, envelope: Envelope) -> DocumentProcessed:
        """Put a document into the graph: prepared and committed or, when its `uri` has nothing new, only confirmed.

        Raises:
            PermanentError, TransientError: the document cannot be had, read or stored; the type says why.

        """
        started = time.perf_counter()
        answer, content_hash = await self._submit(event, envelope.event_id)
        head = self._completed(event, envelope, answer, started)
        return DocumentProcessed(**head, chunks=answer.chunks, keywords=answer.keywords, content_hash=content_hash)

    async def remove(self, event: DocumentDeleted, envelope: Envelope) -> DocumentRemoved:
        """Take a document out of the graph.

        Raises:
            TransientError: it cannot be stored; the type says why.

        """
        started = time.perf_counter()
        answer = await self._committer.commit(Deletion(envelope.event_id, event.order, event.document_id))
        return DocumentRemoved(**self._completed(event, envelope, answer, started))

    async def _submit(self, event: DocumentSubmitted, event_id: str) -> tuple[Answer, str]:
        """Return what a submission did, and the hash of its content: empty if it was overtaken and never fetched."""
        state = await self._registers.state(event.document_id) if event.uri is not None else None
        if state is not None:
            # Not fetched again: by now the address may be gone, and an event that was answered, or that a newer one
            # has overtaken, would be answered by a failure.
            settled = answer_of(state, event_id, event.order, ProcessedOutcome.SUPERSEDED)
            if settled is not None:
                return settled, (state.content_hash or "") if event_id == state.last_event_id else ""
            if (confirmed := await self._refresh(event, event_id, state)) is not None:
                return confirmed
        try:
            document = await self._ingestor.prepare(event)
        except PermanentError:
            # A repeat of an event that was answered already: limits were lowered since, or a parser was slow this time.
            if (answered := await self._answered(event, event_id)) is not None:
                return answered
            raise
        answer = await self._committer.commit(Submission(event_id, event.order, document))
        return answer, document.content_hash

    async def _answered(self, event: DocumentSubmitted, event_id: str) -> tuple[Answer, str] | None:
        """Return what the graph remembers as the answer to this very event."""
        try:
            state = await self._registers.state(event.document_id)
        except TransientError:
            return None  # a graph that is away cannot tell; the failure stands
        if state is None or state.last_event_id != event_id:
            return None
        answer = answer_of(state, event_id, event.order, ProcessedOutcome.SUPERSEDED)
        return None if answer is None else (answer, state.content_hash or "")

    async def _refresh(
        self, event: DocumentSubmitted, event_id: str, state: DocumentState
    ) -> tuple[Answer, str] | None:
        """Ask whether the content has changed. None: the document must be fetched, whatever its server says."""
        if not state.live or state.origin is None or state.content_hash is None:
            return None
        document = await self._ingestor.refresh(event, state.origin)
        if document is not None:
            answer = await self._committer.commit(Submission(event_id, event.order, document))
            return answer, document.content_hash
        # "Not modified" speaks of what the graph held when the server was asked. Whether it still does is decided in
        # the transaction; if not, the document is fetched without conditions, so this ends after one more round.
        unmodified = Confirmation(event_id, event.order, event.document_id, state.content_hash)
        answer = await self._committer.commit(unmodified)
        return (answer, state.content_hash) if answer.holds else None

    def _completed(self, event: Input, envelope: Envelope, answer: Answer, started: float) -> dict[str, Any]:
        """Count an event, and return what every completion begins with."""
        seconds = time.perf_counter() - started
        self._metrics.completed(event.kind, answer.outcome, seconds)
        return {
            "document_id": event.document_id,
            "version": event.order,
            "causation_id": envelope.event_id,
            "occurred_at": now(),
            "outcome": answer.outcome,
            "duration_ms": round(seconds * 1000, 3),
            "attempt": envelope.attempt,
        }


def problems_of(error: ValidationError, whole: str) -> str:
    """Say what is wrong with an input. Without its values: one may be megabytes long or confidential.

    Args:
        error: of pydantic.
        whole: what the input is called where a problem is not one field's.

    """
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or whole}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return f"{len(problems)} problem(s): {'; '.join(problems[:10])}"
