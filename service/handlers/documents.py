"""Submissions and deletions."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from faststream import Depends
from faststream.rabbit import RabbitRouter
from pydantic import ValidationError

from schemas import DocumentDeleted, DocumentProcessed, DocumentRemoved, DocumentSubmitted, Event
from service.delivery.envelope import now
from service.delivery.subscriber import AtHand, Delivery, Line, Router
from service.delivery.topology import COMPLETIONS, DOCUMENTS, Topology
from service.errors import InvalidEventError, TooLargeError
from service.graph.changes import Answer, Deletion
from service.graph.committer import Committer
from service.graph.registers import Registers
from service.handlers.dependencies import Dependencies
from service.handlers.submissions import submit
from service.ingest.ingestor import Ingestor
from service.telemetry import Metrics

Kind = TypeVar("Kind", bound=Event)


def documents_router(
    line: Line, dependencies: Dependencies, topology: Topology, metrics: Metrics, *, prefetch: int, max_message: int
) -> RabbitRouter:
    """Return the subscribers of the two work queues; `max_message` is the most bytes of a message that is read."""
    router = Router(line)
    ingestor_ = Depends(dependencies.ingestor, cast=False)
    committer_ = Depends(dependencies.committer, cast=False)
    registers_ = Depends(dependencies.registers, cast=False)

    def head(event: DocumentSubmitted | DocumentDeleted, delivery: Delivery, answer: Answer) -> dict[str, Any]:
        """Return what both completions begin with, and count the event."""
        duration = delivery.duration_ms
        metrics.completed(event.kind, answer.outcome, duration / 1000)
        return {
            "document_id": event.document_id,
            "version": event.order,
            "causation_id": delivery.envelope.event_id,
            "occurred_at": now(),
            "outcome": answer.outcome,
            "duration_ms": duration,
            "attempt": delivery.envelope.attempt,
        }

    @router.publisher(
        exchange=COMPLETIONS,
        routing_key=DocumentProcessed.kind,
        persist=True,
        title="DocumentProcessed",
        description="A submission is in the graph, or has been overtaken by a newer event.",
    )
    @router.consumer(
        topology.submitted,
        DOCUMENTS,
        read=_reader(DocumentSubmitted, max_message),
        prefetch=prefetch,
        title="DocumentSubmitted",
        description="Bring the graph up to a document that is new or has changed.",
    )
    async def submitted(
        event: DocumentSubmitted,
        delivery: AtHand,
        ingestor: Annotated[Ingestor, ingestor_],
        committer: Annotated[Committer, committer_],
        registers: Annotated[Registers, registers_],
    ) -> DocumentProcessed:
        answer, content_hash = await submit(delivery.envelope.event_id, event, ingestor, committer, registers)
        return DocumentProcessed(
            **head(event, delivery, answer),
            chunks=answer.chunks,
            keywords=answer.keywords,
            content_hash=content_hash,
        )

    @router.publisher(
        exchange=COMPLETIONS,
        routing_key=DocumentRemoved.kind,
        persist=True,
        title="DocumentRemoved",
        description="A deletion is in the graph, or has been overtaken by a newer event.",
    )
    @router.consumer(
        topology.deleted,
        DOCUMENTS,
        read=_reader(DocumentDeleted, max_message),
        prefetch=prefetch,
        title="DocumentDeleted",
        description="Remove a document from the graph and keep a tombstone against late events.",
    )
    async def deleted(
        event: DocumentDeleted,
        delivery: AtHand,
        committer: Annotated[Committer, committer_],
    ) -> DocumentRemoved:
        answer = await committer.commit(Deletion(delivery.envelope.event_id, event.order, event.document_id))
        return DocumentRemoved(**head(event, delivery, answer))

    return router


def _reader(kind: type[Kind], largest: int) -> Callable[[bytes], Kind]:
    """Return how events of one kind are read, whatever the content type says."""

    def read(body: bytes) -> Kind:
        # Before it is read: that holds up the event loop, and everybody else's documents.
        if len(body) > largest:
            msg = f"expected a message of at most {largest} bytes, got {len(body)}; give a large document by uri"
            raise TooLargeError(msg)
        try:
            return kind.read(body)
        except ValidationError as error:
            raise InvalidEventError(_explain(kind, error)) from None

    return read


def _explain(kind: type[Event], error: ValidationError) -> str:
    # Without the values: one may be megabytes long or confidential.
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return f"expected a {kind.kind} event, got a body with {len(problems)} problem(s): {'; '.join(problems[:10])}"
