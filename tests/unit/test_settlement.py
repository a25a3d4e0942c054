"""What cannot be published is requeued, whatever the reason: no message is left hanging."""

from types import SimpleNamespace

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from prometheus_client import CollectorRegistry

from service.delivery.settlement import Settlement
from service.errors import EncryptedError, GraphUnavailableError
from service.telemetry import Metrics


class Message(aio_pika.Message):
    """An input."""

    exchange = "documents"
    routing_key = "document.submitted"

    def __init__(self):
        super().__init__(b'{"document_id": "a", "version": 1}', message_id="m1")


class Acknowledger:
    """Notes the fate of messages."""

    def __init__(self):
        self.fate = []

    def acknowledge(self, message):
        self.fate.append((message.message_id, "acknowledged"))

    async def requeue(self, message):
        self.fate.append((message.message_id, "requeued"))


async def settle(error, publish):
    async def confirm(*_, **__):
        return None

    acknowledger = Acknowledger()
    settlement = Settlement(
        SimpleNamespace(publish=publish),
        SimpleNamespace(publish=confirm),
        acknowledger,
        Metrics(CollectorRegistry()),
        delays=(1.0,),
        timeout=5,
    )
    await settlement.fail(Message(), "documents.submitted", error)
    return acknowledger.fate


@pytest.mark.parametrize("error", [GraphUnavailableError("away"), EncryptedError("locked")])
@pytest.mark.parametrize(
    "problem", [ChannelInvalidStateError("closed"), AMQPError("lost"), TimeoutError(), KeyError("a defect")]
)
async def test_a_message_whose_fate_cannot_be_published_is_requeued(error, problem):
    async def publish(*_, **__):
        raise problem

    assert await settle(error, publish) == [("m1", "requeued")]


@pytest.mark.parametrize("error", [GraphUnavailableError("away"), EncryptedError("locked")])
async def test_a_message_whose_fate_is_confirmed_is_acknowledged(error):
    published = []

    async def publish(message, **where):
        published.append((message, where))

    assert await settle(error, publish) == [("m1", "acknowledged")]
    ((copy, where),) = published
    assert copy.message_id == "m1"
    assert where["routing_key"] == ("documents.submitted" if error.transient else "documents.dead")
