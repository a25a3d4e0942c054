"""taskiq has one loop per worker process: the client is opened when the worker starts and lies in its state."""

import os
from typing import Annotated

from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker

from service.client import AsyncDocgraph

broker = AioPikaBroker(os.environ.get("TASKIQ_BROKER_URL", "amqp://127.0.0.1:5672/"))


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def open_client(state: TaskiqState) -> None:
    state.docgraph = AsyncDocgraph()
    await state.docgraph.connect()  # or at the first task; like this a worker without RabbitMQ does not start


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def close_client(state: TaskiqState) -> None:
    await state.docgraph.aclose()


@broker.task
async def process_document(document_id: str, text: str, context: Annotated[Context, TaskiqDepends()]) -> str:
    docgraph: AsyncDocgraph = context.state.docgraph
    # A task that taskiq runs again sends the same event again, and gets the same answer.
    done = await docgraph.submit_and_wait(document_id, text=text, event_id=context.message.task_id)
    return done.outcome
