"""Celery, prefork, with the async driver: an event loop for each task, by `asyncio.run`.

The driver belongs to the loop that uses it first, so each task opens one of its own.
"""

import asyncio

from benchmarks import graph, job
from benchmarks.peers.celery_app import celery_app, complete

app = celery_app(__name__)


async def write(row):
    async with graph.async_driver() as driver:
        await graph.write(driver, [row])


@app.task
def process(event):
    row = job.prepare(event)
    asyncio.run(write(row))
    complete(app, job.completion(row))


submit = process.delay
