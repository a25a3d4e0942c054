"""The classic program: an async driver at module level, and `asyncio.run` in every task.

`celery -A classic worker` runs it, `python classic.py TASK…` calls tasks in this order and prints how each call ended.
"""

import asyncio
import json
import os
import sys

from celery import Celery
from neo4j import AsyncGraphDatabase

app = Celery("classic", broker=os.environ["RABBITMQ_URL"], backend="rpc://")
driver = AsyncGraphDatabase.driver(
    os.environ["NEO4J_URI"],
    auth=(os.environ["NEO4J_USERNAME"], os.environ["NEO4J_PASSWORD"]),
    # Small, so that a test need not wait for a pool of a hundred to fill and for the minute that is the default.
    max_connection_pool_size=10,
    connection_acquisition_timeout=2,
)


@app.task(name="process_document")
def process_document(number):
    asyncio.run(write(number))


@app.task(name="process_chapters")
def process_chapters(number):
    asyncio.run(write_chapters(number))


@app.task(name="close_driver")
def close_driver(number):
    asyncio.run(driver.close())


async def write(number):
    await driver.execute_query("MERGE (d:Classic {id: $id})", id=number)


async def write_chapters(number):
    await asyncio.gather(*(write_chapter(f"{number}.{chapter}") for chapter in range(5)))


async def write_chapter(number):
    async with driver.session() as session:
        await session.execute_write(merge, number)


async def merge(transaction, number):
    result = await transaction.run("MERGE (c:Classic {id: $id})", id=number)
    await result.consume()


def call(tasks):
    for result in [app.send_task(task, [number]) for number, task in enumerate(tasks)]:
        try:
            result.get(timeout=90)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
            yield f"{type(error).__name__}: {error}"
        else:
            yield "ok"


if __name__ == "__main__":
    json.dump(list(call(sys.argv[1:])), sys.stdout)
