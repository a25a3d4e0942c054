"""Submissions and deletions."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from faststream import Depends
from faststream.rabbit import RabbitRouter
from pydantic import ValidationError

from schemas import DocumentDeleted, DocumentProcessed, DocumentRemoved, DocumentSubmitted, Event
from service.delivery.subscriber import AtHand, Line, Router
from service.delivery.topology import COMPLETIONS, DOCUMENTS, Topology
from service.errors import InvalidEventError, TooLargeError
from service.handlers.dependencies import Dependencies
from service.handlers.pipeline import Pipeline, problems_of

Kind = TypeVar("Kind", bound=Event)


def documents_router(
    line: Line, dependencies: Dependencies, topology: Topology, *, prefetch: int, max_message: int
) -> RabbitRouter:
    """Return the subscribers of the two work queues; `max_message` is the most bytes of a message that is read."""
    router = Router(line)
    pipeline_ = Depends(dependencies.pipeline, cast=False)

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
        event: DocumentSubmitted, envelope: AtHand, pipeline: Annotated[Pipeline, pipeline_]
    ) -> DocumentProcessed:
        return await pipeline.process(event, envelope)

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
        event: DocumentDeleted, envelope: AtHand, pipeline: Annotated[Pipeline, pipeline_]
    ) -> DocumentRemoved:
        return await pipeline.remove(event, envelope)

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
            msg = f"expected a {kind.kind} event, got a body with {problems_of(error, 'body')}"
            raise InvalidEventError(msg) from None

    return read
