"""The activity, with the client of the process that runs it."""

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from service.client import AsyncDocgraph, DocumentFailedError


@dataclass
class Document:
    document_id: str
    text: str


class Documents:
    def __init__(self, docgraph: AsyncDocgraph) -> None:
        self._docgraph = docgraph

    @activity.defn
    async def process_document(self, document: Document) -> str:
        # The same in each attempt: an activity that Temporal runs again sends the same event, and gets the same answer.
        info = activity.info()
        event_id = f"{info.workflow_run_id}/{info.activity_id}"
        try:
            done = await self._docgraph.submit_and_wait(document.document_id, text=document.text, event_id=event_id)
        except DocumentFailedError as error:
            # It will not get better by asking again.
            raise ApplicationError(str(error), type=error.reason, non_retryable=True) from error
        return done.outcome
