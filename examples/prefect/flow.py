"""A flow of one task per document: `python flow.py 200`.

Prefect runs each async task that is submitted by a loop of its own, in a thread: the loop trap again. So the tasks are
synchronous, and the threads share one client.
"""

import sys
from typing import Any

from prefect import Task, flow, task
from prefect.client.schemas import TaskRun
from prefect.runtime import task_run
from prefect.states import State
from prefect.task_runners import ThreadPoolTaskRunner

from service.client import ConfirmationUnknownError, Docgraph, NotConfirmedError

docgraph = Docgraph()


def may_be_retried(task: Task[Any, Any], run: TaskRun, state: State) -> bool:
    """A document that the service has given up will not get better by asking again."""
    return isinstance(state.data, NotConfirmedError | ConfirmationUnknownError)


@task(retries=3, retry_delay_seconds=5, retry_condition_fn=may_be_retried)
def process_document(document_id: str, text: str) -> str:
    # The same id in each attempt: it sends the same event again, and gets the same answer.
    return docgraph.submit_and_wait(document_id, text=text, event_id=task_run.id).outcome


@flow(task_runner=ThreadPoolTaskRunner(max_workers=16))
def process_documents(count: int) -> list[str]:
    ids = [f"prefect-{n}" for n in range(count)]
    texts = [f"Note {n} on beekeeping." for n in range(count)]
    return process_document.map(ids, texts).result()


if __name__ == "__main__":
    outcomes = process_documents(int(sys.argv[1]))
    print(f"{sys.argv[1]} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")
