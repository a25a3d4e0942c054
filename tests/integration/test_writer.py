"""One transaction for a batch, on a real Neo4j: the version guard, the chunk diff, tombstones, redelivery, races."""

import asyncio
import random
from dataclasses import replace

import pytest
from yarl import URL

from schemas import ProcessedOutcome, RemovedOutcome
from service.errors import GraphRejectedError, GraphUnavailableError, StartupError
from service.graph.driver import GraphAddress, connect, open_driver
from service.graph.schema import apply_schema
from service.graph.writer import GraphWriter
from tests.support.builders import a_deletion, a_submission
from tests.support.proxy import Proxy


async def outcomes(writer, *changes):
    return [answer.outcome for answer in await writer.write(changes)]


async def test_a_new_document_is_created_with_its_chunks_chain_and_keywords(writer, graph):
    (answer,) = await writer.write([a_submission("a", 1, "red fox", "blue fox", "green owl", metadata={"team": "x"})])

    assert answer.outcome is ProcessedOutcome.CREATED
    assert answer.chunks.model_dump() == {"created": 3, "kept": 0, "removed": 0, "total": 3}
    assert answer.keywords == 5
    assert await graph.texts("a") == ["red fox", "blue fox", "green owl"]
    assert await graph.keywords("a") == {"red", "fox", "blue", "green", "owl"}
    document = await graph.document("a")
    assert document["version"] == 1
    assert document["status"] == "READY"
    assert document["lastEventId"] == "a@1"
    assert document["metadata"] == '{"team": "x"}'
    assert "_lock" not in document


async def test_an_update_touches_only_the_chunks_that_changed(writer, graph):
    await writer.write([a_submission("a", 1, "one", "two", "three", "four")])
    before = {
        row["text"]: row["id"] for row in await graph.rows("MATCH (c:Chunk) RETURN c.text AS text, elementId(c) AS id")
    }

    (answer,) = await writer.write([a_submission("a", 2, "zero", "one", "two", "3", "four")])

    assert answer.outcome is ProcessedOutcome.UPDATED
    assert answer.chunks.model_dump() == {"created": 2, "kept": 3, "removed": 1, "total": 5}
    assert await graph.texts("a") == ["zero", "one", "two", "3", "four"]
    after = {
        row["text"]: row["id"] for row in await graph.rows("MATCH (c:Chunk) RETURN c.text AS text, elementId(c) AS id")
    }
    assert {text: after[text] for text in ("one", "two", "four")} == {t: before[t] for t in ("one", "two", "four")}
    positions = await graph.rows("MATCH (c:Chunk) RETURN c.start AS start, c.end AS end, c.text AS text ORDER BY start")
    assert all(row["end"] - row["start"] == len(row["text"]) for row in positions)


async def test_chunks_that_swap_places_keep_their_nodes_and_the_chain_follows(writer, graph):
    await writer.write([a_submission("a", 1, "one", "two", "three")])
    (answer,) = await writer.write([a_submission("a", 2, "three", "two", "one")])
    assert answer.chunks.model_dump() == {"created": 0, "kept": 3, "removed": 0, "total": 3}
    assert await graph.texts("a") == ["three", "two", "one"]


async def test_the_same_content_in_a_newer_version_is_unchanged_and_moves_the_register_on(writer, graph):
    await writer.write([a_submission("a", 1, "one", "two")])
    (answer,) = await writer.write([a_submission("a", 2, "one", "two")])
    assert answer.outcome is ProcessedOutcome.UNCHANGED
    assert answer.chunks.model_dump() == {"created": 0, "kept": 2, "removed": 0, "total": 2}
    assert (await graph.document("a"))["version"] == 2


async def test_a_redelivery_after_the_commit_gets_the_same_answer_and_has_no_effect(writer, graph):
    submission = a_submission("a", 1, "one", "two")
    first = await writer.write([submission])
    counts = await graph.counts()
    assert await writer.write([submission]) == first
    assert await graph.counts() == counts

    deletion = a_deletion("a", 2)
    removed = await writer.write([deletion])
    assert await writer.write([deletion]) == removed
    assert removed[0].outcome is RemovedOutcome.REMOVED


async def test_a_newer_version_under_the_same_event_id_is_no_redelivery(writer, graph):
    await writer.write([a_submission("a", 1, "one", event_id="same")])
    assert await outcomes(writer, a_submission("a", 2, "two", event_id="same")) == [ProcessedOutcome.UPDATED]
    assert await graph.texts("a") == ["two"]


async def test_the_same_document_twice_in_one_batch_is_applied_in_version_order(writer, graph):
    answers = await writer.write([a_submission("a", 2, "one", "new"), a_submission("a", 1, "one", "old")])
    assert [a.outcome for a in answers] == [ProcessedOutcome.UPDATED, ProcessedOutcome.CREATED]
    assert answers[0].chunks.model_dump() == {"created": 1, "kept": 1, "removed": 1, "total": 2}
    assert await graph.texts("a") == ["one", "new"]
    assert await graph.value("RETURN COUNT { (:Chunk) } AS n") == 2


async def test_the_same_event_twice_in_one_batch_gets_the_same_answer_twice(writer, graph):
    submission = a_submission("a", 1, "one")
    first, second = await writer.write([submission, submission])
    assert first == second
    assert await graph.texts("a") == ["one"]


async def test_an_older_version_after_a_newer_one_is_superseded(writer, graph):
    await writer.write([a_submission("a", 5, "new")])
    assert await outcomes(writer, a_submission("a", 4, "old"), a_deletion("a", 3)) == [
        ProcessedOutcome.SUPERSEDED,
        RemovedOutcome.SUPERSEDED,
    ]
    assert await graph.texts("a") == ["new"]
    assert (await graph.document("a"))["lastEventId"] == "a@5"


async def test_a_deletion_that_overtakes_its_submission_keeps_the_document_out(writer, graph):
    assert await outcomes(writer, a_deletion("a", 2)) == [RemovedOutcome.ABSENT]
    assert await outcomes(writer, a_submission("a", 1, "late")) == [ProcessedOutcome.SUPERSEDED]
    assert await graph.counts() == {
        "documents": 0,
        "tombstones": 1,
        "chunks": 0,
        "entities": 0,
        "from_document": 0,
        "next_chunk": 0,
        "from_chunk": 0,
    }


async def test_a_document_may_come_back_after_its_deletion(writer, graph):
    await writer.write([a_submission("a", 1, "one"), a_deletion("a", 2)])
    assert await outcomes(writer, a_submission("a", 3, "again")) == [ProcessedOutcome.CREATED]
    assert await graph.texts("a") == ["again"]
    document = await graph.document("a")
    assert document["status"] == "READY"
    assert "deletedAt" not in document


async def test_a_deletion_removes_the_chunks_and_leaves_a_tombstone(writer, graph):
    await writer.write([a_submission("a", 1, "one fox", "two fox"), a_submission("b", 1, "fox")])
    assert await outcomes(writer, a_deletion("a", 2)) == [RemovedOutcome.REMOVED]
    document = await graph.document("a")
    assert document["status"] == "DELETED"
    assert document["version"] == 2
    assert "title" not in document
    assert await graph.texts("a") == []
    assert await graph.keywords("b") == {"fox"}


async def test_documents_with_equal_paragraphs_have_chunks_of_their_own(writer, graph):
    await writer.write([a_submission("a", 1, "same", "same"), a_submission("b", 1, "same")])
    await writer.write([a_deletion("b", 2)])
    assert await graph.texts("a") == ["same", "same"]


async def test_sixteen_concurrent_writers_leave_the_newest_version_of_each_document(driver, graph):
    """Each writer has its own view of the same documents, in random order, and shares all keywords."""
    generator = random.Random(11)
    changes = [
        a_deletion(f"d{document}", version)
        if version % 7 == 6
        else a_submission(f"d{document}", version, f"shared w{version % 5}", f"body {document} {version} w{document}")
        for document in range(12)
        for version in range(20)
    ]
    changes += generator.sample(changes, 60)
    generator.shuffle(changes)
    writers = [GraphWriter(driver, graph.database, timeout=30) for _ in range(16)]

    async def drive(position, writer):
        mine = changes[position :: len(writers)]
        for start in range(0, len(mine), 5):
            await writer.write(mine[start : start + 5])

    await asyncio.gather(*(drive(position, writer) for position, writer in enumerate(writers)))

    for document in range(12):
        assert await graph.texts(f"d{document}") == ["shared w4", f"body {document} 19 w{document}"]
        assert (await graph.document(f"d{document}"))["version"] == 19
    counts = await graph.counts()
    assert (counts["documents"], counts["chunks"], counts["from_document"], counts["next_chunk"]) == (12, 24, 24, 12)
    assert counts["from_chunk"] == 12 * (2 + 4)


async def test_a_value_that_neo4j_refuses_is_the_documents_fault(writer, graph):
    with pytest.raises(GraphRejectedError, match="store the document"):
        await writer.write([a_submission("a", 1, "one", title={"no": "map"})])
    assert (await graph.counts())["documents"] == 0


async def test_a_server_that_is_away_is_not_the_documents_fault(graph):
    async with open_driver(GraphAddress("bolt://127.0.0.1:1", "neo4j", "", "neo4j"), 1) as away:
        away._pool.pool_config.max_transaction_retry_time = 0
        writer = GraphWriter(away, "neo4j", timeout=5)
        with pytest.raises(GraphUnavailableError, match="expected Neo4j to commit"):
            await writer.write([a_submission("a", 1, "one")])


async def test_a_server_that_freezes_before_the_schema_is_there_ends_the_start(graph_address, monkeypatch):
    monkeypatch.setattr("service.graph.schema.WITHIN", 1)
    server = URL(graph_address.uri)
    async with Proxy(server.host, server.port or 7687) as proxy:
        address = replace(graph_address, uri=f"bolt://127.0.0.1:{proxy.port}")
        async with open_driver(address, 1) as driver:
            await connect(driver, address, connections=1, timeout=10)
            proxy.freeze()
            with pytest.raises(StartupError, match=r"NEO4J_DATABASE: .* got no answer within 1 s"):
                await apply_schema(driver, address.database)
            proxy.thaw()
