"""Prefect: a background task, served by a task worker; what is waiting lies in the Prefect server."""

import neo4j
from prefect import task
from prefect.task_worker import serve

from benchmarks import graph, job
from benchmarks.peers.rabbit import Publish, completions, connect

LIMIT = 32

driver: neo4j.AsyncDriver | None = None
publish: Publish


async def resources() -> tuple[neo4j.AsyncDriver, Publish]:
    """Open driver and connection with the first task: a task worker has no start-up hook."""
    global driver, publish
    if driver is None:
        driver = graph.async_driver()
        publish = await completions(await connect())
    return driver, publish


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
