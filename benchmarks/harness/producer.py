"""The producer: submits documents in the way that the system at hand wants, at once or at a steady rate.

    python -m benchmarks.harness.producer HOW FILE --first 0 --count 4000 --rate 50

HOW is `service` (the exchange of the service), `queue` (the plain source queue) or the name of a peer that brings a
`submit(event)` or an async context manager `submitting()` of its own. Writes id and time of each submission to FILE.
"""

import argparse
import asyncio
import importlib
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import aio_pika

from benchmarks.documents import Event, events
from benchmarks.names import QUEUE

AT_A_TIME = 64
Submit = Callable[[Event], Awaitable[None]]


async def main(how: str, path: str, first: int, count: int, rate: float) -> None:
    sent: list[tuple[str, float]] = []
    async with submitting(how) as submit:
        began = time.monotonic()
        slots = asyncio.Semaphore(AT_A_TIME)

        async def send(event: Event) -> None:
            async with slots:
                sent.append((event["document_id"], time.monotonic()))
                await submit(event)

        async with asyncio.TaskGroup() as group:
            for number, event in enumerate(events(first, count)):
                if rate:
                    # An open loop: a slow system does not slow the producer down.
                    await asyncio.sleep(began + number / rate - time.monotonic())
                elif number % AT_A_TIME == 0:
                    async with slots:  # no more tasks than are needed
                        await asyncio.sleep(0)
                group.create_task(send(event))
    with open(path, "w") as file:
        json.dump(sent, file)


@asynccontextmanager
async def submitting(how: str):
    if how in {"service", "queue"}:
        async with to_rabbitmq("documents" if how == "service" else "") as submit:
            yield submit
        return
    peer = importlib.import_module(f"benchmarks.peers.{how}")
    if hasattr(peer, "submitting"):
        async with peer.submitting() as submit:
            yield submit
        return

    async def submit_sync(event: Event) -> None:
        peer.submit(event)

    yield submit_sync


@asynccontextmanager
async def to_rabbitmq(exchange_name: str):
    async with await aio_pika.connect(os.environ["RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        if exchange_name:
            exchange, key = await channel.get_exchange(exchange_name, ensure=False), "document.submitted"
        else:
            exchange, key = channel.default_exchange, QUEUE
            await channel.declare_queue(QUEUE, durable=True)

        async def submit(event: Event) -> None:
            message = aio_pika.Message(
                json.dumps(event).encode(),
                message_id=f"submit {event['document_id']} {event['version']}",
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await exchange.publish(message, key)

        yield submit


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("how")
    parser.add_argument("path")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    asyncio.run(main(**vars(parser.parse_args())))
