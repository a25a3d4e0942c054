"""A worker: one loop, one client."""

import asyncio
import os
import signal

from activities import Documents
from temporalio.client import Client
from temporalio.worker import Worker
from workflow import ProcessDocument

from service.client import AsyncDocgraph

QUEUE = "documents"


async def main() -> None:
    temporal = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"))
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with AsyncDocgraph() as docgraph:
        documents = Documents(docgraph)
        async with Worker(
            temporal, task_queue=QUEUE, workflows=[ProcessDocument], activities=[documents.process_document]
        ):
            print("worker started", flush=True)
            await asked_to_stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
