"""Celery with `asyncio.run` in the task: the client lives inside that run, and serves many documents at once there."""

import asyncio

from celery import Celery, Task

from service.client import AsyncDocgraph

app = Celery("tasks", backend="rpc://")  # the broker is read from CELERY_BROKER_URL
app.conf.task_acks_late = True


@app.task(bind=True)
def process_documents(self: Task, documents: dict[str, str]) -> dict[str, str]:
    return asyncio.run(process(self.request.id, documents))


async def process(task_id: str, documents: dict[str, str]) -> dict[str, str]:
    # A task that Celery runs again sends the same events again, and gets the same answers.
    events = [(f"{task_id}/{place}", id_, text) for place, (id_, text) in enumerate(documents.items())]
    # Opened and closed by the loop that uses it. Each task connects anew: give it many documents, not one.
    async with AsyncDocgraph() as docgraph:
        done = await asyncio.gather(
            *(docgraph.submit_and_wait(id_, text=text, event_id=event_id) for event_id, id_, text in events)
        )
    return {completion.document_id: completion.outcome for completion in done}
