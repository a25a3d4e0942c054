"""Completions that RabbitMQ does not confirm: the real broker and, at the end, the whole service."""

import asyncio
import json
from contextlib import asynccontextmanager

import aio_pika
import pytest
from faststream.rabbit import Channel, RabbitBroker
from yarl import URL

from schemas import DocumentRemoved
from service.delivery.envelope import Envelope
from service.delivery.outbox import Outbox
from service.delivery.topology import COMPLETIONS, DEAD
from service.errors import BrokerUnavailableError
from tests.support.proxy import Proxy

CAUSE = Envelope("m1", "m1", 1, None, None, "documents", "document.deleted")
COMPLETION = DocumentRemoved(**DocumentRemoved.model_json_schema()["examples"][0])
UNCONFIRMED = r"expected RabbitMQ to confirm a publish to 'documents\.completions', got "


@asynccontextmanager
async def an_outbox(url: str, timeout: float = 30):
    """An outbox on a broker as the service makes it."""
    broker = RabbitBroker(url, default_channel=Channel(on_return_raises=True), logger=None)
    try:
        await broker.connect()
        yield Outbox(broker, COMPLETIONS, timeout=timeout)
    finally:
        await broker.stop()


@asynccontextmanager
async def bound(url: str, routing_key: str):
    """A queue of completions of one kind, and the channel it is on."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await channel.declare_exchange(COMPLETIONS.name, aio_pika.ExchangeType.TOPIC, durable=True)
        await queue.bind(COMPLETIONS.name, routing_key)
        yield queue, channel


async def test_a_completion_is_out_when_it_is_published(rabbitmq_url):
    async with bound(rabbitmq_url, "document.removed") as (queue, _), an_outbox(rabbitmq_url) as outbox:
        await outbox.publish(COMPLETION, CAUSE)
        message = await queue.get(no_ack=True)
    assert DocumentRemoved.read(message.body) == COMPLETION
    assert (message.type, message.correlation_id) == ("document.removed", "m1")


async def test_a_completion_that_no_queue_wants_is_not_confirmed(rabbitmq_url):
    async with bound(rabbitmq_url, "document.processed"), an_outbox(rabbitmq_url) as outbox:
        with pytest.raises(BrokerUnavailableError, match=UNCONFIRMED):
            await outbox.publish(COMPLETION, CAUSE)


async def test_a_broker_that_freezes_confirms_nothing(rabbitmq_url):
    address = URL(rabbitmq_url)
    async with (
        bound(rabbitmq_url, "#"),
        Proxy(address.host, address.port or 5672) as proxy,
        an_outbox(str(address.with_host("127.0.0.1").with_port(proxy.port)), timeout=0.5) as outbox,
    ):
        await outbox.publish(COMPLETION, CAUSE)
        proxy.freeze()
        with pytest.raises(BrokerUnavailableError, match=UNCONFIRMED + "TimeoutError"):
            await outbox.publish(COMPLETION, CAUSE)
        # And one that is gone is not waited for
        await proxy.cut()
        with pytest.raises(BrokerUnavailableError, match=UNCONFIRMED):
            await outbox.publish(COMPLETION, CAUSE)
        await proxy.restore()


async def test_a_document_whose_completion_is_never_confirmed_is_kept_and_fails_as_broker_unavailable(
    service, rabbitmq_url, graph
):
    async with bound(rabbitmq_url, "document.failed") as (failures, channel):
        # Given a subscriber's queue that is full and refuses completions
        full = await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        await channel.default_exchange.publish(aio_pika.Message(b"the one that fits"), full.name)
        await full.bind(COMPLETIONS.name, "document.processed")
        # When a document comes, and is tried again
        body = json.dumps({"document_id": "doc", "version": 1, "text": "Bees live in a hive."}).encode()
        documents = await channel.get_exchange("documents", ensure=False)
        await documents.publish(aio_pika.Message(body, message_id="m1"), "document.submitted")
        async with asyncio.timeout(30), failures.iterator() as messages:
            message = await anext(messages)
        # Then the failure tells what was not to be had, and the graph holds the document
        failed = json.loads(message.body)
        assert (failed["reason"], failed["attempts"]) == ("broker_unavailable", 2)
        assert "documents.completions" in failed["detail"]
        dead = await channel.get_queue(DEAD, ensure=False)
        letter = await dead.get(no_ack=True)
        assert letter.headers["docgraph-reason"] == "broker_unavailable"
    assert await graph.texts("doc") == ["Bees live in a hive."]
