"""Celery with `asyncio.run` in the task: the client lives inside that run, and serves many documents at once there."""

import asyncio

from celery import Celery

from service.client import AsyncDocgraph

app = Celery("tasks", backend="rpc://")  # the broker is read from CELERY_BROKER_URL
app.conf.task_acks_late = True


@app.task
def process_documents(documents: dict[str, str]) -> dict[str, str]:
    return asyncio.run(process(documents))


async def process(documents: dict[str, str]) -> dict[str, str]:
    # Opened and closed by the loop that uses it. Each task connects anew: give it many documents, not one.
    async with AsyncDocgraph() as docgraph:
        done = await asyncio.gather(*(docgraph.submit_and_wait(id_, text=text) for id_, text in documents.items()))
    return {completion.document_id: completion.outcome for completion in done}
