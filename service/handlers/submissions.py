"""How a submission comes to its answer: prepared and committed, or, when its `uri` has nothing new, only confirmed."""

from schemas import DocumentSubmitted, ProcessedOutcome
from service.graph.changes import Answer, Confirmation, DocumentState, Submission
from service.graph.committer import Committer
from service.graph.plan import answer_of
from service.graph.registers import Registers
from service.ingest.ingestor import Ingestor


async def submit(
    event_id: str, event: DocumentSubmitted, ingestor: Ingestor, committer: Committer, registers: Registers
) -> tuple[Answer, str]:
    """Bring the graph up to a submitted document.

    Returns:
        What it did, and the hash of its content; empty when it was overtaken and therefore not fetched.

    Raises:
        PermanentError, TransientError: the document cannot be had, read or stored; the type says why.

    """
    state = await registers.state(event.document_id) if event.uri is not None else None
    if state is not None:
        # Not fetched again: by now the address may be gone, and an event that was answered, or that a newer one has
        # overtaken, would be answered by a failure.
        settled = answer_of(state, event_id, event.order, ProcessedOutcome.SUPERSEDED)
        if settled is not None:
            return settled, (state.content_hash or "") if event_id == state.last_event_id else ""
        if (confirmed := await _refresh(event_id, event, ingestor, committer, state)) is not None:
            return confirmed
    document = await ingestor.prepare(event)
    answer = await committer.commit(Submission(event_id, event.order, document))
    return answer, document.content_hash


async def _refresh(
    event_id: str, event: DocumentSubmitted, ingestor: Ingestor, committer: Committer, state: DocumentState
) -> tuple[Answer, str] | None:
    """Ask whether the content has changed. None: the document must be fetched, whatever its server says."""
    if not state.live or state.origin is None or state.content_hash is None:
        return None
    document = await ingestor.refresh(event, state.origin)
    if document is not None:
        answer = await committer.commit(Submission(event_id, event.order, document))
        return answer, document.content_hash
    # "Not modified" speaks of what the graph held when the server was asked. Whether it still does is decided in the
    # transaction; if not, the document is fetched without conditions, so this ends after one more round.
    answer = await committer.commit(Confirmation(event_id, event.order, event.document_id, state.content_hash))
    return (answer, state.content_hash) if answer.holds else None
