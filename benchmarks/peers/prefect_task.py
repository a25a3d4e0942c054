"""Prefect: a background task, served by a task worker; what is waiting lies in the Prefect server."""

import asyncio

import neo4j
from prefect import task
from prefect.task_worker import serve

from benchmarks import graph, job
from benchmarks.peers.rabbit import Publish, completions, connect

LIMIT = 32

Resources = tuple[neo4j.AsyncDriver, Publish]
opening: asyncio.Task[Resources] | None = None


async def resources() -> Resources:
    """Return driver and publish, opened with the first task: a task worker has no start-up hook."""
    global opening
    if opening is None:
        opening = asyncio.create_task(open_resources())
    return await opening


async def open_resources() -> Resources:
    return graph.async_driver(), await completions(await connect())


@task(persist_result=False, log_prints=False)
async def process(event):
    driver, publish = await resources()
    row = job.prepare(event)
    await graph.write(driver, [row])
    await publish(job.completion(row))


def submit(event):
    process.delay(event)


if __name__ == "__main__":
    serve(process, limit=LIMIT)
