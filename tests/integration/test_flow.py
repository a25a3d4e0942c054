"""A document in, a graph and a completion out: the main job, on the real broker and the real graph."""

import base64
import json

from schemas import completion_id


async def test_a_submission_becomes_a_graph_and_is_answered(broker, graph):
    id_ = await broker.submit(
        "guide",
        3,
        "# Bees\n\nHoney bees live in a hive.\n\n# Wasps\n\nWasps build paper nests.",
        media_type="text/markdown",
        language="en",
        metadata={"team": "garden"},
        occurred_at="2026-11-23T09:30:00+01:00",
    )

    answer = await broker.answer(id_)
    assert answer["kind"] == "document.processed"
    assert answer["outcome"] == "created"
    assert answer["version"] == 3
    assert answer["attempt"] == 1
    assert answer["chunks"]["created"] == answer["chunks"]["total"] >= 1
    texts = await graph.texts("guide")
    assert "Honey bees live in a hive." in "\n".join(texts)
    assert len(await graph.keywords("guide")) == answer["keywords"]
    document = await graph.document("guide")
    assert document["title"] == "Bees"
    assert document["language"] == "en"
    assert document["contentHash"] == answer["content_hash"]


async def test_a_completion_carries_its_envelope(broker):
    id_ = await broker.publish(
        "document.submitted", {"document_id": "a", "version": 1, "text": "x"}, correlation_id="order-7"
    )
    await broker.answer(id_)
    (message,) = broker.completions
    assert message.message_id == completion_id(id_, "document.processed")
    assert message.correlation_id == "order-7"
    assert message.type == message.routing_key == "document.processed"
    assert message.app_id == "docgraph"
    assert message.content_type == "application/json"
    assert message.delivery_mode == 2
    assert message.timestamp is not None


async def test_an_update_and_a_deletion_follow(broker, graph):
    first = await broker.submit("a", 1, "First words about bees.")
    assert (await broker.answer(first))["outcome"] == "created"
    second = await broker.submit("a", 2, "Other words about wasps.")
    assert (await broker.answer(second))["outcome"] == "updated"
    same = await broker.submit("a", 3, "Other words about wasps.")
    assert (await broker.answer(same))["outcome"] == "unchanged"
    late = await broker.submit("a", 2, "Late words.")
    assert (await broker.answer(late))["outcome"] == "superseded"
    gone = await broker.delete("a", 4)
    assert (await broker.answer(gone)) | {"duration_ms": 0, "occurred_at": ""} == {
        "kind": "document.removed",
        "document_id": "a",
        "version": 4,
        "outcome": "removed",
        "causation_id": gone,
        "attempt": 1,
        "duration_ms": 0,
        "occurred_at": "",
    }
    assert (await graph.counts())["chunks"] == 0


async def test_a_repeated_message_is_answered_again_with_the_same_completion_and_has_no_effect(broker, graph):
    body = {"document_id": "a", "version": 1, "text": "Once only."}
    for _ in range(2):
        await broker.publish("document.submitted", body, message_id="m1")
    first, second = await broker.until(2)
    assert first.message_id == second.message_id
    one, two = (json.loads(message.body) for message in (first, second))
    assert one["outcome"] == two["outcome"] == "created"
    assert one["chunks"] == two["chunks"]
    assert (await graph.counts())["chunks"] == 1


async def test_a_document_in_bytes_is_read_by_its_media_type(broker, graph):
    page = base64.b64encode(b"<html><title>Nest</title><body><h1>Nest</h1><p>Paper nests.</p></body></html>")
    id_ = await broker.submit("page", text=None, data=page.decode(), media_type="text/html")
    assert (await broker.answer(id_))["outcome"] == "created"
    assert (await graph.document("page"))["title"] == "Nest"


async def test_a_chinese_document_is_cut_and_described(broker, graph):
    id_ = await broker.submit("zh", text="蜜蜂住在蜂箱里。蜂箱里有蜂蜜。养蜂人照顾蜜蜂。")
    answer = await broker.answer(id_)
    assert answer["outcome"] == "created"
    assert "蜜蜂" in await graph.keywords("zh")
    assert (await graph.document("zh"))["language"] == "zh"


async def test_nothing_is_left_in_the_queues(broker):
    for number in range(20):
        await broker.submit(f"d{number}")
    await broker.until(20)
    for queue in ("documents.submitted", "documents.deleted", "documents.crashed", "documents.dead"):
        assert await broker.depth(queue) == 0


async def test_every_event_is_in_the_journals(broker):
    await broker.submit("a")
    await broker.until(1)
    assert await broker.consumers("documents.journal") == 0
    for queue in ("documents.journal", "documents.completions.journal"):
        channel = await broker.connection.channel()
        await channel.set_qos(prefetch_count=10)
        stream = await channel.get_queue(queue, ensure=False)
        async with stream.iterator(arguments={"x-stream-offset": "first"}, timeout=10) as messages:
            async for message in messages:
                assert b'"document_id"' in message.body
                await message.ack()
                break
        await channel.close()
