"""An API that answers with the completion. The client is opened in the lifespan, in the loop of each worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

from service.client import AsyncDocgraph, CompletionTimeoutError, DocumentFailedError


class State(TypedDict):
    docgraph: AsyncDocgraph


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    async with AsyncDocgraph() as docgraph:
        yield {"docgraph": docgraph}


app = FastAPI(lifespan=lifespan)


class Document(BaseModel):
    text: str


@app.put("/documents/{document_id}")
async def process_document(document_id: str, document: Document, request: Request) -> dict[str, str]:
    docgraph: AsyncDocgraph = request.state.docgraph
    try:
        done = await docgraph.submit_and_wait(document_id, text=document.text, timeout=30)
    except DocumentFailedError as error:
        raise HTTPException(422, {"reason": error.reason, "detail": error.detail}) from None
    except CompletionTimeoutError:
        raise HTTPException(504, "it is on its way: the event is confirmed, its completion is not there yet") from None
    return {"outcome": done.outcome}
