"""Runs the activity of examples/temporal without a server: `python temporal_activity.py 200`."""

import asyncio
import dataclasses
import sys

from activities import Document, Documents
from temporalio.testing import ActivityEnvironment

from service.client import AsyncDocgraph


def environment(run: str) -> ActivityEnvironment:
    found = ActivityEnvironment()
    found.info = dataclasses.replace(ActivityEnvironment.default_info(), workflow_run_id=run)
    return found


async def main(count):
    async with AsyncDocgraph() as docgraph:
        process = Documents(docgraph).process_document
        documents = [Document(f"temporal-activity-{n}", f"Note {n} on beekeeping.") for n in range(count)]
        outcomes = await asyncio.gather(*(environment(d.document_id).run(process, d) for d in documents))
        sys.stdout.write(f"{count} documents: {len(outcomes)} completions\n")


asyncio.run(main(int(sys.argv[1])))
