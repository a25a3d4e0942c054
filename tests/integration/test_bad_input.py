"""Input that is not as it should be: each is answered or dead-lettered with a reason, and the next is processed."""

import json

import pytest

from tests.support.broker import BrokerView

GOOD = {"document_id": "good", "version": 1, "text": "Good text."}

ACCEPTED = {
    "no content type": (GOOD, {"content_type": None}),
    "another content type": (GOOD, {"content_type": "text/plain"}),
    "no version, but a time": ({**GOOD, "version": None, "occurred_at": "2026-11-23T09:30:00Z"}, {}),
    "unknown fields": ({**GOOD, "colour": "red", "nested": {"a": [1]}}, {}),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_input_that_can_be_read_is_processed(broker, name):
    fields, properties = ACCEPTED[name]
    await broker.publish("document.submitted", {k: v for k, v in fields.items() if v is not None}, **properties)
    (message,) = await broker.until(1)
    assert message.type == "document.processed"
    assert json.loads(message.body)["outcome"] == "created"


async def test_without_message_id_or_content_type_input_is_processed_and_a_repeat_recognised(broker, graph):
    for _ in range(2):
        await broker.publish_bare("document.submitted", GOOD)
    first, second = await broker.until(2)
    assert first.message_id == second.message_id
    assert json.loads(first.body)["outcome"] == json.loads(second.body)["outcome"] == "created"


REFUSED = {
    "neither version nor time": (json.dumps({"document_id": "a", "text": "x"}), "expected version or occurred_at"),
    "a wrong type": (json.dumps({**GOOD, "version": "soon"}), "version: Input should be a valid integer"),
    "broken JSON": ('{"document_id": "a", "vers', "Invalid JSON"),
    "no JSON at all": ("\x00\x01\x02", "Invalid JSON"),
    "an empty body": ("", "Invalid JSON"),
    "a JSON list": ("[1, 2]", "object"),
    "an id of 10,000 characters": (json.dumps({**GOOD, "document_id": "x" * 10_000}), "at most 512 characters"),
    "two contents": (json.dumps({**GOOD, "data": "eA=="}), "exactly one of text, data and uri"),
    "base64 that is none": (json.dumps({"document_id": "a", "version": 1, "data": "%%%"}), "expected base64"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_input_that_is_no_event_is_dead_lettered_with_a_reason_and_the_next_is_processed(broker, name):
    body, detail = REFUSED[name]
    id_ = await broker.publish("document.submitted", body.encode())
    next_id = await broker.submit("next")

    failed = await broker.answer(id_)
    assert failed["kind"] == "document.failed"
    assert failed["reason"] == "invalid_event"
    assert failed["error"] == "InvalidEventError"
    assert detail in failed["detail"]
    assert len(failed["detail"]) <= 2000
    assert (await broker.answer(next_id))["outcome"] == "created"
    (dead,) = await broker.dead()
    assert dead.body == body.encode()
    assert dead.message_id == id_
    assert dead.headers["docgraph-reason"] == "invalid_event"
    assert detail in dead.headers["docgraph-detail"]
    assert dead.headers["docgraph-attempts"] == 1
    assert dead.headers["docgraph-exchange"] == "documents"
    assert dead.headers["docgraph-routing-key"] == "document.submitted"
    assert {"docgraph-version", "docgraph-first-failed-at", "docgraph-last-failed-at"} <= dead.headers.keys()


async def test_a_failure_names_the_document_when_it_can_be_told(broker):
    id_ = await broker.publish("document.submitted", {"document_id": "a", "version": 4})
    failed = await broker.answer(id_)
    assert (failed["document_id"], failed["version"]) == ("a", 4)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": None, "data": "JVBERi0xLjcKZ2FyYmFnZQ==", "media_type": "application/pdf"}, "corrupt"),
        ({"text": None, "data": "AAAA", "media_type": "video/mp4"}, "unsupported_media_type"),
        ({"text": " \n "}, "no_text"),
        ({"text": None, "uri": "ftp://example.com/a.pdf"}, "unsupported_uri"),
    ],
)
async def test_a_document_that_cannot_be_read_fails_with_its_reason(broker, fields, reason):
    id_ = await broker.submit("a", **fields)
    next_id = await broker.submit("next")
    failed = await broker.answer(id_)
    assert (failed["kind"], failed["reason"], failed["attempts"]) == ("document.failed", reason, 1)
    assert "expected" in failed["detail"]
    assert (await broker.answer(next_id))["outcome"] == "created"


async def test_a_document_of_ten_megabytes_is_processed_and_so_is_the_next(broker, graph):
    paragraph = "The lighthouse keeper lights the lamp at dusk and counts the ships until dawn. " * 12
    text = "\n\n".join(f"{number}. {paragraph}" for number in range(10_000_000 // len(paragraph)))
    id_ = await broker.submit("large", 1, text)
    next_id = await broker.submit("next")
    assert (await broker.answer(next_id))["outcome"] == "created"
    answer = await broker.answer(id_, within=100)
    assert answer["kind"] == "document.processed"
    assert answer["chunks"]["total"] > 8000
    assert await graph.value("MATCH (c:Chunk {documentId: 'large'}) RETURN count(c) AS n") == answer["chunks"]["total"]


async def test_a_wrong_deletion_is_dead_lettered_too(broker):
    id_ = await broker.publish("document.deleted", {"document_id": "a"})
    assert (await broker.answer(id_))["reason"] == "invalid_event"
    assert len(await broker.dead()) == 1


async def test_the_publishers_own_headers_stay_on_the_dead_letter(broker):
    await broker.publish("document.submitted", b"{", headers={"tenant": "acme", "docgraph-attempt": -5})
    await broker.until(1)
    (dead,) = await broker.dead()
    assert dead.headers["tenant"] == "acme"


async def test_a_repeat_of_an_answered_event_is_not_failed_by_a_limit_that_was_lowered_since(serve, settings, graph):
    text = "Honey bees dance. " * 100
    async with serve(settings), BrokerView(settings.rabbitmq_url) as broker:
        id_ = await broker.submit("a", 1, text)
        first = await broker.answer(id_)
        assert first["outcome"] == "created"
    strict = settings.model_copy(update={"max_document_characters": 1000})
    async with serve(strict), BrokerView(settings.rabbitmq_url) as broker:
        body = {"document_id": "a", "version": 1, "text": text}
        await broker.publish("document.submitted", body, message_id=id_)
        repeat = await broker.answer(id_)
        assert (repeat["kind"], repeat["outcome"]) == ("document.processed", "created")
        assert (repeat["chunks"], repeat["content_hash"]) == (first["chunks"], first["content_hash"])
        other = await broker.publish("document.submitted", body)
        assert (await broker.answer(other))["reason"] == "too_large"
