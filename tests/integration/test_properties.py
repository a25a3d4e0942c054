"""Messages with AMQP properties that Python libraries cannot read, or cannot write again, on a real broker."""

import json
import struct

import pytest

from service.delivery import journal
from service.delivery.connection import connected
from service.delivery.dead_letter_work import replay
from service.delivery.dead_letters import Wanted
from tests.support.properties import headers_of, raw

UNREADABLE = {
    "message_id": {"message_id": raw(b"\xe9t\xe9"), "correlation_id": raw("order-7")},
    "timestamp": {"timestamp": struct.pack(">Q", 1_795_000_000_000_000)},
    "header": {"headers": headers_of(raw(b"\xe9") + b"S" + struct.pack(">I", 1) + b"x")},
}


@pytest.fixture
def lost(service):
    """Reconnects of the service."""
    seen = []
    service.broker._connection.reconnect_callbacks.add(lambda *_: seen.append("reconnected"))
    return seen


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_property_that_cannot_be_read_fails_its_message_and_no_other(broker, lost, name):
    body = {"document_id": "odd", "version": 4, "text": "Some text."}
    ids = [await broker.submit(f"before-{number}") for number in range(5)]
    await broker.publish_raw("document.submitted", body, delivery_mode=b"\x02", **UNREADABLE[name])
    ids += [await broker.submit(f"after-{number}") for number in range(5)]

    for id_ in ids:
        assert (await broker.answer(id_))["outcome"] == "created"
    await broker.until(11)
    (failed,) = [json.loads(m.body) for m in broker.completions if m.type == "document.failed"]
    assert (failed["reason"], failed["error"]) == ("invalid_event", "InvalidEventError")
    assert (failed["document_id"], failed["version"], failed["attempts"]) == ("odd", 4, 1)
    assert f"got {name}" in failed["detail"]
    assert len(broker.completions) == 11
    assert lost == []
    (dead,) = await broker.dead()
    assert json.loads(dead.body) == body
    assert dead.message_id == failed["causation_id"]
    assert dead.headers["docgraph-reason"] == "invalid_event"


async def test_a_message_with_an_unreadable_property_is_healed_by_a_replay(broker, rabbitmq_url, graph):
    body = {"document_id": "odd", "version": 4, "text": "Honey bees."}
    await broker.publish_raw("document.submitted", body, delivery_mode=b"\x02", **UNREADABLE["timestamp"])
    await broker.until(1)
    async with connected(rabbitmq_url) as connection:
        assert (await replay(connection, Wanted())).done == 1
    _, processed = await broker.until(2)
    assert processed.type == "document.processed"
    assert await graph.texts("odd") == ["Honey bees."]


async def test_the_tools_read_on_behind_a_message_with_unreadable_properties(broker, rabbitmq_url):
    body = {"document_id": "odd", "version": 1, "text": "x"}
    for name, properties in UNREADABLE.items():
        await broker.publish_raw("document.submitted", body | {"document_id": name}, **properties)
    await broker.submit("next")
    await broker.until(4)
    async with connected(rabbitmq_url) as connection:
        entries = [entry.document_id async for entry, _ in journal.read(connection)]
    assert entries == [*UNREADABLE, "next"]


UNWRITABLE = {
    "a string that is not UTF-8": raw("latin") + b"S" + struct.pack(">I", 1) + b"\xe9",
    "a number beyond single precision": raw("huge") + b"d" + struct.pack(">d", 1e300),
    "a frame full": b"".join(raw(f"n{n}") + b"S" + struct.pack(">I", 32_700) + b"x" * 32_700 for n in range(4)),
}


@pytest.mark.parametrize("name", UNWRITABLE)
async def test_headers_that_cannot_be_sent_once_more_do_not_hold_up_a_dead_letter(broker, lost, name):
    tenant = raw("tenant") + b"S" + struct.pack(">I", 4) + b"acme"
    headers = headers_of(tenant + UNWRITABLE[name])
    await broker.publish_raw("document.submitted", [], message_id=raw("odd"), headers=headers)
    assert (await broker.answer("odd"))["reason"] == "invalid_event"
    (dead,) = await broker.dead()
    assert (dead.message_id, dead.headers["tenant"], dead.headers["docgraph-attempts"]) == ("odd", "acme", 1)
    assert lost == []
