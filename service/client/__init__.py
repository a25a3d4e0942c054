"""The client: submit documents from any Python program, and hear what became of them.

    async with AsyncDocgraph() as docgraph:
        receipt = await docgraph.submit("guide", text="Bees live in a hive.")
        completion = await docgraph.wait(receipt)

`Docgraph` has the same calls for synchronous code: scripts, Celery, Django, notebooks.

What belongs here: publishing events, waiting for completions, and what it takes to do so over lost connections, from
threads and forked processes. What does not: the service itself. It imports `schemas`, aio-pika and pydantic only.
"""

from schemas import DocumentDeleted, DocumentFailed, DocumentProcessed, DocumentRemoved, DocumentSubmitted, Reason
from service.client.aio import AsyncDocgraph
from service.client.errors import (
    AccessRefusedError,
    ClientClosedError,
    ClientError,
    CompletionTimeoutError,
    CompletionUnavailableError,
    ConfirmationUnknownError,
    DocumentFailedError,
    NotConfirmedError,
    PartlySubmittedError,
    TooLargeError,
    UnroutableError,
    WrongLoopError,
)
from service.client.feed import Completions
from service.client.receipts import Completion, Receipt
from service.client.sync import CompletionsIterator, Docgraph

__all__ = [  # noqa: RUF022 - grouped by what they are
    # the two faces
    "AsyncDocgraph",
    "Docgraph",
    # what they return
    "Receipt",
    "Completion",
    "Completions",
    "CompletionsIterator",
    "DocumentProcessed",
    "DocumentRemoved",
    "DocumentFailed",
    "Reason",
    # what `send` takes
    "DocumentSubmitted",
    "DocumentDeleted",
    # errors
    "ClientError",
    "NotConfirmedError",
    "AccessRefusedError",
    "UnroutableError",
    "TooLargeError",
    "ConfirmationUnknownError",
    "CompletionTimeoutError",
    "CompletionUnavailableError",
    "DocumentFailedError",
    "PartlySubmittedError",
    "ClientClosedError",
    "WrongLoopError",
]
