"""Temporal: a workflow of one activity for each document."""

import asyncio
import os
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import neo4j

    from benchmarks import graph, job
    from benchmarks.peers.rabbit import Publish, completions, connect

QUEUE = "documents"
ACTIVITIES = 32


class Activities:
    def __init__(self, driver: neo4j.AsyncDriver, publish: Publish) -> None:
        self.driver = driver
        self.publish = publish

    @activity.defn
    async def process(self, event: dict[str, Any]) -> None:
        row = job.prepare(event)
        await graph.write(self.driver, [row])
        await self.publish(job.completion(row))


@workflow.defn
class ProcessDocument:
    @workflow.run
    async def run(self, event: dict[str, Any]) -> None:
        await workflow.execute_activity_method(
            Activities.process, event, start_to_close_timeout=timedelta(seconds=60)
        )


async def client() -> Client:
    return await Client.connect(os.environ["TEMPORAL_ADDRESS"])


async def main() -> None:
    async with graph.async_driver() as driver, await connect() as connection:
        await driver.verify_connectivity()
        activities = Activities(driver, await completions(connection))
        await Worker(
            await client(),
            task_queue=QUEUE,
            workflows=[ProcessDocument],
            activities=[activities.process],
            max_concurrent_activities=ACTIVITIES,
        ).run()


@asynccontextmanager
async def submitting():
    temporal = await client()

    async def submit(event):
        await temporal.start_workflow(ProcessDocument.run, event, id=event["document_id"], task_queue=QUEUE)

    yield submit


if __name__ == "__main__":
    asyncio.run(main())
