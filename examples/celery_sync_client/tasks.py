"""Celery with the synchronous client: each worker process has one, made at its first use, after the fork."""

from typing import Any

from celery import Celery, Task
from celery.signals import worker_process_shutdown

from service.client import ConfirmationUnknownError, Docgraph, NotConfirmedError

app = Celery("tasks", backend="rpc://")  # the broker is read from CELERY_BROKER_URL
app.conf.task_acks_late = True

docgraph = Docgraph()


@worker_process_shutdown.connect
def close_client(**_: Any) -> None:
    docgraph.close()


@app.task(bind=True, autoretry_for=(NotConfirmedError, ConfirmationUnknownError), retry_backoff=True)
def process_document(self: Task, document_id: str, text: str) -> str:
    # A task that Celery runs again sends the same event again, and gets the same answer.
    return docgraph.submit_and_wait(document_id, text=text, event_id=self.request.id).outcome
