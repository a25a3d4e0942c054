"""The raw floor: aio-pika and the async driver, a transaction for each batch, nothing else.

No validation, no retries, no dead letters, no metrics: what a loop written for this job alone reaches. A batch is what
has arrived while the last one was being written.
"""

import argparse
import asyncio
import json

import uvloop
from aio_pika.abc import AbstractIncomingMessage
from neo4j import AsyncDriver

from benchmarks import graph, job
from benchmarks.names import QUEUE
from benchmarks.peers.rabbit import Publish, completions, connect

Waiting = asyncio.Queue[AbstractIncomingMessage]


async def main(batch: int, transactions: int, prefetch: int) -> None:
    waiting: Waiting = asyncio.Queue()
    async with graph.async_driver() as driver, await connect() as connection:
        await driver.verify_connectivity()
        publish = await completions(connection)
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.declare_queue(QUEUE, durable=True)
        async with asyncio.TaskGroup() as writers:
            for _ in range(transactions):
                writers.create_task(write(waiting, driver, publish, batch))
            await queue.consume(waiting.put)


async def write(waiting: Waiting, driver: AsyncDriver, publish: Publish, batch: int) -> None:
    while True:
        messages = [await waiting.get()]
        while len(messages) < batch and not waiting.empty():
            messages.append(waiting.get_nowait())
        rows = [job.prepare(json.loads(message.body)) for message in messages]
        await graph.write(driver, rows)
        await asyncio.gather(*(publish(job.completion(row)) for row in rows))
        for message in messages:
            await message.ack()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--transactions", type=int, default=2)
    parser.add_argument("--prefetch", type=int, default=512)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    run = uvloop.run if options.uvloop else asyncio.run
    run(main(options.batch, options.transactions, options.prefetch))
