"""Confirming what the graph holds, on a real Neo4j, against writers that change it meanwhile."""

import asyncio
import random

from schemas import ProcessedOutcome, RemovedOutcome
from service.documents import Origin, Validator
from service.graph.changes import Deletion
from service.graph.registers import Registers
from service.graph.writer import GraphWriter
from tests.support.builders import a_confirmation, a_deletion, a_submission

ORIGIN = Origin("https://h.example/a", "key", Validator('"1"', "Mon, 01 Jan 2024 00:00:00 GMT", "here"))


def registers_of(graph) -> Registers:
    return Registers(graph.driver, graph.database, timeout=30, hold=30)


async def test_what_was_fetched_is_found_again_with_its_validator(writer, graph):
    registers = registers_of(graph)
    assert await registers.state("a") is None
    submission = a_submission("a", 1, "red fox", "owl", origin=ORIGIN)
    (answer,) = await writer.write([submission])
    state = await registers.state("a")
    assert (state.version, state.live, state.origin) == (1, True, ORIGIN)
    assert (state.content_hash, state.last_answer) == (submission.document.content_hash, answer)
    document = await graph.document("a")
    assert (document["uri"], document["etag"]) == ("https://h.example/a", '"1"')

    await writer.write([a_deletion("a", 2)])
    state = await registers.state("a")
    assert (state.version, state.live, state.origin) == (2, False, None)
    assert not {"uri", "etag", "lastModified", "fetchKey", "fetchLocation"} & set(await graph.document("a"))


async def test_a_confirmation_moves_the_register_on_and_leaves_everything_else(writer, graph):
    await writer.write([a_submission("a", 1, "red fox", "owl", origin=ORIGIN)])
    before, counts = await graph.document("a"), await graph.counts()
    (answer,) = await writer.write([a_confirmation("a", 2, "red fox", "owl")])
    assert answer.outcome is ProcessedOutcome.UNCHANGED
    assert answer.chunks.model_dump() == {"created": 0, "kept": 2, "removed": 0, "total": 2}
    after = await graph.document("a")
    assert {name for name in before if before[name] != after[name]} == {
        "version",
        "lastEventId",
        "lastOutcome",
        "lastChunks",
        "updatedAt",
    }
    assert await graph.counts() == counts
    assert await writer.write([a_confirmation("a", 2, "red fox", "owl")]) == [answer]


async def test_a_confirmation_of_content_that_is_gone_does_nothing(writer, graph):
    await writer.write([a_submission("a", 1, "owl"), a_submission("b", 1, "owl")])
    await writer.write([a_deletion("a", 2), a_submission("b", 2, "moss")])
    before = await graph.document("a"), await graph.document("b")
    answers = await writer.write([a_confirmation("a", 3, "owl"), a_confirmation("b", 3, "owl")])
    assert [answer.holds for answer in answers] == [False, False]
    assert (await graph.document("a"), await graph.document("b")) == before
    (late,) = await writer.write([a_confirmation("a", 1, "owl", event_id="late")])
    assert (late.holds, late.outcome) == (True, ProcessedOutcome.SUPERSEDED)


async def test_confirmations_among_concurrent_writers_leave_what_the_newest_version_says(driver, graph):
    """Every version has a content, one of three, or is a deletion; each writer works as the handler does."""
    generator = random.Random(5)
    contents = ("red fox", "blue owl"), ("red fox", "moss"), ("one", "two", "three")
    changes = [
        a_deletion(f"d{document}", version)
        if version % 5 == 3
        else a_submission(f"d{document}", version, *generator.choice(contents))
        for document in range(6)
        for version in range(24)
    ]
    newest = {change.document_id: change for change in changes if change.version == 23}
    assert all(not isinstance(change, Deletion) for change in newest.values()) or newest
    # In rough order, so that many are not superseded, and each twice.
    order = sorted(changes * 2, key=lambda change: change.version + generator.uniform(0, 4))
    registers, confirmed, stale = registers_of(graph), 0, 0

    async def apply(writer, change):
        nonlocal confirmed, stale
        if not isinstance(change, Deletion):
            state = await registers.state(change.document_id)
            if state is not None and state.live and state.content_hash == change.document.content_hash:
                texts = [chunk.text for chunk in change.document.chunks]
                (answer,) = await writer.write(
                    [a_confirmation(change.document_id, change.version, *texts, event_id=change.event_id)]
                )
                confirmed += answer.holds
                stale += not answer.holds
                if answer.holds:
                    return
        (answer,) = await writer.write([change])
        assert answer.outcome in [*ProcessedOutcome, *RemovedOutcome]

    async def drive(position):
        writer = GraphWriter(driver, graph.database, timeout=30)
        for change in order[position::8]:
            await apply(writer, change)

    await asyncio.gather(*(drive(position) for position in range(8)))

    assert confirmed, "the race was run"
    for id_, change in newest.items():
        document = await graph.document(id_)
        assert document["version"] == 23
        texts = [] if isinstance(change, Deletion) else [chunk.text for chunk in change.document.chunks]
        assert await graph.texts(id_) == texts
        if texts:
            assert document["contentHash"] == change.document.content_hash
            assert document["chunkCount"] == len(texts)
            assert document["lastChunks"][3] == len(texts)
