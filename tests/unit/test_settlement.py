"""What cannot be published is requeued, whatever the reason: no message is left hanging."""

import json
from types import SimpleNamespace

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from prometheus_client import CollectorRegistry

from service.delivery import settlement as settlement_module
from service.delivery.settlement import Settlement
from service.delivery.topology import Topology
from service.errors import EncryptedError, GraphUnavailableError, TooLargeError
from service.telemetry import Metrics

BODY = b'{"document_id": "a", "version": 1}'


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(settlement_module, "PAUSE", 0)


class Message(aio_pika.Message):
    """An input."""

    exchange = "documents"
    routing_key = "document.submitted"

    def __init__(self, body):
        super().__init__(body, message_id="m1")


class Acknowledger:
    """Notes the fate of messages."""

    def __init__(self):
        self.fate = []

    def acknowledge(self, message):
        self.fate.append((message.message_id, "acknowledged"))

    async def requeue(self, message):
        self.fate.append((message.message_id, "requeued"))


async def settle(error, publish, *, body=BODY, events=None, tell=None):
    async def confirm(event, **_):
        events.append(json.loads(event))

    events = [] if events is None else events

    acknowledger = Acknowledger()

    async def ping(timeout):
        return False

    settlement = Settlement(
        SimpleNamespace(publish=publish, ping=ping),
        SimpleNamespace(publish=confirm),
        acknowledger,
        Metrics(CollectorRegistry()),
        topology=Topology((1.0,), 20, "7D", 1 << 30),
        timeout=5,
        max_message=100,
    )
    await settlement.fail(Message(body), "documents.submitted", error, tell=tell)
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


async def test_a_retry_carries_its_attempt_its_tier_and_its_first_error_and_comes_back_up_to_a_fifth_earlier():
    published = []

    async def publish(message, **_):
        published.append(message)

    for _ in range(50):
        assert await settle(GraphUnavailableError("away"), publish) == [("m1", "acknowledged")]
    headers = published[0].headers
    assert (headers["docgraph-attempt"], headers["docgraph-tier"]) == (2, "1s")
    assert headers["docgraph-first-error"] == "GraphUnavailableError: away"
    delays = {message.expiration for message in published}
    assert len(delays) > 1, "what failed together would come back together"
    assert all(0.8 <= delay <= 1.0 for delay in delays)


@pytest.mark.parametrize("error", [GraphUnavailableError("away"), EncryptedError("locked")])
async def test_a_sender_that_cannot_be_told_does_not_bring_the_message_back(error):
    """It would be retried or dead-lettered twice."""
    published, told = [], []

    async def publish(message, **_):
        published.append(message)

    async def tell(decision):
        told.append(decision)
        raise TimeoutError

    assert await settle(error, publish, tell=tell) == [("m1", "acknowledged")]
    assert (len(published), len(told)) == (1, 1)


@pytest.mark.parametrize(("padding", "told"), [(0, ("a", 1)), (100, (None, None))])
async def test_the_document_of_a_message_is_named_unless_it_is_too_large_to_be_looked_into(padding, told):
    async def publish(*_, **__):
        return None

    events = []
    await settle(TooLargeError("too large"), publish, body=BODY + b" " * padding, events=events)
    (failed,) = events
    assert (failed.get("document_id"), failed.get("version")) == told
