"""A view of the real broker, as a producer and a reader of completions see it: plain aio-pika."""

import asyncio
import contextlib
import json
import uuid
from typing import Any, Self

import aio_pika
import pika
from aio_pika.abc import AbstractIncomingMessage

from service.delivery.topology import DEAD
from tests.support.properties import RawProperties


class BrokerView:
    """Publishes inputs and collects every completion, from before the first publish on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.completions: list[AbstractIncomingMessage] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._stack = contextlib.AsyncExitStack()
        self.connection = await self._stack.enter_async_context(await aio_pika.connect(self.url))
        self.channel = await self.connection.channel(on_return_raises=True)
        await self.channel.set_qos(prefetch_count=1000)
        queue = await self.channel.declare_queue(exclusive=True)
        await queue.bind("documents.completions", "#")
        await queue.consume(self._collect)
        self._documents = await self.channel.get_exchange("documents", ensure=False)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _collect(self, message: AbstractIncomingMessage) -> None:
        await message.ack()
        async with self._changed:
            self.completions.append(message)
            self._changed.notify_all()

    async def publish(self, key: str, body: Any, **properties: Any) -> str:
        """Publish to the exchange `documents`; return the message id."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        values = {"message_id": str(uuid.uuid4()), "content_type": "application/json", "delivery_mode": 2}
        message = aio_pika.Message(body, **(values | properties))
        await self._documents.publish(message, key, timeout=30)
        return message.message_id

    async def publish_bare(self, key: str, body: Any) -> None:
        """Publish as a synchronous producer that sets no property at all; aio-pika always sets a message id."""
        await asyncio.to_thread(_publish_bare, self.url, key, json.dumps(body).encode())

    async def publish_raw(self, key: str, body: Any, **properties: bytes) -> None:
        """Publish with properties as they are to stand on the wire."""
        channel = await self.channel.get_underlay_channel()
        content = json.dumps(body).encode()
        await channel.basic_publish(
            content, exchange="documents", routing_key=key, properties=RawProperties(**properties)
        )

    async def submit(self, document_id: str, version: int = 1, text: str = "Some text.", **fields: Any) -> str:
        body = {"document_id": document_id, "version": version, "text": text, **fields}
        return await self.publish("document.submitted", {k: v for k, v in body.items() if v is not None})

    async def delete(self, document_id: str, version: int) -> str:
        return await self.publish("document.deleted", {"document_id": document_id, "version": version})

    async def until(self, count: int, within: float = 30) -> list[AbstractIncomingMessage]:
        """Wait until so many completions are there."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: len(self.completions) >= count)
        return self.completions

    async def answer(self, causation_id: str | None, within: float = 30) -> dict[str, Any]:
        """Wait for the completion of one input; its body, with `kind` added."""

        def found() -> AbstractIncomingMessage | None:
            for message in self.completions:
                if json.loads(message.body)["causation_id"] == causation_id:
                    return message
            return None

        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(found)
        message = found()
        assert message is not None
        return {**json.loads(message.body), "kind": message.type}

    async def depth(self, queue: str) -> int:
        """Messages in a queue that no consumer holds."""
        async with self.connection.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count

    async def consumers(self, queue: str) -> int:
        async with self.connection.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.consumer_count

    async def hold_and_die(self, queue: str) -> None:
        """Take the next message as a worker would, and break off the connection without an answer."""
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            taken = asyncio.Event()
            declared = await channel.get_queue(queue, ensure=False)

            async def take(message: AbstractIncomingMessage) -> None:
                taken.set()

            await declared.consume(take)
            async with asyncio.timeout(20):
                await taken.wait()

    async def dead(self) -> list[AbstractIncomingMessage]:
        """Take all dead letters."""
        queue = await self.channel.get_queue(DEAD, ensure=False)
        found = []
        while (message := await queue.get(fail=False)) is not None:
            await message.ack()
            found.append(message)
        return found


def _publish_bare(url: str, key: str, body: bytes) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        connection.channel().basic_publish("documents", key, body)
    finally:
        connection.close()
