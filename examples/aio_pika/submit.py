"""The contract by hand, without the client: publish an event, listen for its completion. `python submit.py 200`."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime

import aio_pika


def event(document_id: str, text: str) -> aio_pika.Message:
    body = {"document_id": document_id, "occurred_at": datetime.now(UTC).isoformat(), "text": text}
    return aio_pika.Message(
        json.dumps(body).encode(),
        message_id=document_id,  # the event id: send it again under the same one, and nothing happens twice
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


async def main(count: int) -> None:
    async with await aio_pika.connect(os.environ.get("RABBITMQ_URL", "amqp://127.0.0.1:5672/")) as connection:
        # Returns raised: an event that no queue takes is an error, and not lost without a word.
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)

        # First listen, then publish: no completion is missed.
        inbox = await channel.declare_queue(exclusive=True)
        await inbox.bind("documents.completions", "document.#")

        documents = await channel.get_exchange("documents")
        events = {f"aio-pika-{n}": event(f"aio-pika-{n}", f"Note {n} on beekeeping.") for n in range(count)}
        await asyncio.gather(*(documents.publish(e, "document.submitted", timeout=30) for e in events.values()))

        # Everybody's completions come by; ours name our events as their cause. A completion may come twice.
        missing = set(events)
        async with asyncio.timeout(60), inbox.iterator(no_ack=True) as messages:
            async for message in messages:
                missing.discard(json.loads(message.body)["causation_id"])
                if not missing:
                    break
    print(f"{count} documents: {count - len(missing)} completions")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
