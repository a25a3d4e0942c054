"""The collector: a process of its own that notes when each completion arrives.

    python -m benchmarks.harness.collector FILE COUNT...

Prints a line of JSON when it is ready and whenever so many completions are there. At the end of its input it writes
the document id and the time (`time.monotonic()`, one clock for all processes of a machine) of each to FILE.
"""

import asyncio
import json
import os
import sys
import time

import aio_pika
import uvloop

from benchmarks.names import ANSWERS, COMPLETIONS


async def main(path: str, marks: list[int]) -> None:
    arrivals: list[tuple[float, bytes]] = []
    upcoming = sorted(marks, reverse=True)

    async def note(message) -> None:
        arrivals.append((time.monotonic(), message.body))
        if upcoming and len(arrivals) == upcoming[-1]:
            tell(upcoming.pop(), arrivals[-1][0])

    async with await aio_pika.connect(os.environ["RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        await channel.declare_exchange(COMPLETIONS, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(ANSWERS, durable=True)
        await queue.bind(COMPLETIONS, "#")
        # Below aio-pika, which makes an object of each message: the collector shares the cores with what it measures.
        underlay = await channel.get_underlay_channel()
        await underlay.basic_consume(ANSWERS, note, no_ack=True)
        tell(0, time.monotonic())
        await asyncio.to_thread(sys.stdin.read)
    with open(path, "w") as file:
        json.dump([[described(body), at] for at, body in arrivals], file)


def tell(count: int, at: float) -> None:
    sys.stdout.write(json.dumps({"count": count, "at": at}) + "\n")
    sys.stdout.flush()


def described(body: bytes) -> str:
    """Return the document id, or the whole event when it is no success."""
    event = json.loads(body)
    return event["document_id"] if "outcome" in event else body.decode()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], [int(count) for count in sys.argv[2:]]))
