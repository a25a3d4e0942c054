"""Celery with one loop for the life of a worker process: made after the fork, and everything async lives in it."""

import asyncio
from typing import Any

from celery import Celery, Task
from celery.signals import worker_process_init, worker_process_shutdown

from service.client import AsyncDocgraph

app = Celery("tasks", backend="rpc://")  # the broker is read from CELERY_BROKER_URL
app.conf.task_acks_late = True


class Process:
    """What a worker process holds."""

    runner: asyncio.Runner
    docgraph: AsyncDocgraph


@worker_process_init.connect
def open_client(**_: Any) -> None:
    Process.runner = asyncio.Runner()
    Process.docgraph = AsyncDocgraph()  # it connects at its first call, and belongs to the loop of that call


@worker_process_shutdown.connect
def close_client(**_: Any) -> None:
    Process.runner.run(Process.docgraph.aclose())
    Process.runner.close()


@app.task(bind=True)
def process_document(self: Task, document_id: str, text: str) -> str:
    return Process.runner.run(process(self.request.id, document_id, text))


async def process(event_id: str, document_id: str, text: str) -> str:
    # A task that Celery runs again sends the same event again, and gets the same answer.
    done = await Process.docgraph.submit_and_wait(document_id, text=text, event_id=event_id)
    return done.outcome
