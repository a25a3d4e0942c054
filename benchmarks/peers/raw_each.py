"""Plain aio-pika, one transaction for each message: the loop that most people write first."""

import argparse
import asyncio
import json

from aio_pika.abc import AbstractIncomingMessage

from benchmarks import graph, job
from benchmarks.names import QUEUE
from benchmarks.peers.rabbit import completions, connect


async def main(prefetch: int) -> None:
    async with graph.async_driver() as driver, await connect() as connection:
        await driver.verify_connectivity()
        publish = await completions(connection)
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.declare_queue(QUEUE, durable=True)

        async def handle(message: AbstractIncomingMessage) -> None:
            async with message.process():
                row = job.prepare(json.loads(message.body))
                await graph.write(driver, [row])
                await publish(job.completion(row))

        await queue.consume(handle)
        await asyncio.Future()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefetch", type=int, default=32)
    asyncio.run(main(parser.parse_args().prefetch))
