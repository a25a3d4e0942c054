"""Start workflows and wait for the results: `python send.py 200`."""

import asyncio
import os
import sys

from activities import Document
from temporalio.client import Client
from worker import QUEUE
from workflow import ProcessDocument


async def main(count: int) -> None:
    temporal = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"))
    limit = asyncio.Semaphore(20)

    async def process(n: int) -> str:
        document = Document(f"temporal-{n}", f"Note {n} on beekeeping.")
        async with limit:
            return await temporal.execute_workflow(
                ProcessDocument.run, document, id=document.document_id, task_queue=QUEUE
            )

    outcomes = await asyncio.gather(*(process(n) for n in range(count)))
    print(f"{count} documents: {len(outcomes)} completions, {', '.join(sorted(set(outcomes)))}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
