"""A producer that publishes events and waits for their completions: plain aio-pika, as any program may do it."""

import asyncio
from collections.abc import Callable, Sequence

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from schemas import DocumentFailed, DocumentProcessed, DocumentRemoved, Event
from service.delivery.topology import COMPLETIONS, DOCUMENTS
from service.demo.samples import Sample

_KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in (DocumentProcessed, DocumentRemoved, DocumentFailed)}

Completion = DocumentProcessed | DocumentRemoved | DocumentFailed


async def submit_all(
    url: str, inputs: Sequence[Sample], timeout: float, answered: Callable[[Sample, Completion], None]
) -> dict[str, Completion]:
    """Publish the events, one after the other as their order matters to nobody, and wait for all completions.

    Args:
        url: AMQP URL.
        inputs: what to publish.
        timeout: seconds to wait for all.
        answered: called for each completion as it comes.

    Returns:
        The completions by event id; fewer than the inputs when the time is up.

    """
    waiting = {sample.event_id: sample for sample in inputs}
    found: dict[str, Completion] = {}
    done = asyncio.Event()

    async def collect(message: AbstractIncomingMessage) -> None:
        await message.ack()
        completion = _KINDS[str(message.type)].read(message.body)
        assert isinstance(completion, Completion)
        if sample := waiting.pop(completion.causation_id, None):
            found[sample.event_id] = completion
            answered(sample, completion)
        if not waiting:
            done.set()

    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(COMPLETIONS.name, "#")  # before the first publish: no completion is missed
        await queue.consume(collect)
        exchange = await channel.get_exchange(DOCUMENTS.name, ensure=False)
        for sample in inputs:
            message = aio_pika.Message(
                sample.event.write(),
                message_id=sample.event_id,
                type=sample.event.kind,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await exchange.publish(message, sample.event.kind, timeout=timeout)
        try:
            await asyncio.wait_for(done.wait(), timeout)
        except TimeoutError:
            return found
    return found
