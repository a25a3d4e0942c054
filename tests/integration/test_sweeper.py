"""Entities that lost their last link: marked, kept for the grace, swept; never one that is used."""

import asyncio

from service.graph.sweeper import Sweeper
from tests.support.builders import a_deletion, a_submission


def sweeper(driver, graph, grace=0.0):
    return Sweeper(driver, graph.database, interval=1, grace=grace)


async def test_an_entity_without_links_is_swept_and_one_that_is_used_stays(writer, driver, graph):
    await writer.write([a_submission("a", 1, "fox owl"), a_submission("b", 1, "owl")])
    await writer.write([a_deletion("a", 2)])

    assert await sweeper(driver, graph).sweep() == 1
    assert [row["name"] for row in await graph.rows("MATCH (e:__Entity__) RETURN e.name AS name")] == ["owl"]
    assert await graph.value("RETURN COUNT { (:__Unlinked) } AS n") == 0


async def test_an_entity_is_marked_first_and_kept_for_the_grace(writer, driver, graph):
    await writer.write([a_submission("a", 1, "fox")])
    await writer.write([a_deletion("a", 2)])

    assert await sweeper(driver, graph, grace=3600).sweep() == 0
    assert await graph.value("MATCH (e:__Entity__ {name: 'fox'}) RETURN e.orphanedAt IS NOT NULL AS marked")


async def test_an_entity_that_is_needed_again_within_the_grace_is_unmarked(writer, driver, graph):
    await writer.write([a_submission("a", 1, "fox")])
    await writer.write([a_deletion("a", 2)])
    await sweeper(driver, graph, grace=3600).sweep()
    await writer.write([a_submission("b", 1, "fox")])

    assert await sweeper(driver, graph).sweep() == 0
    assert await graph.value("MATCH (e:__Entity__ {name: 'fox'}) RETURN e.orphanedAt IS NULL AS unmarked")
    assert await graph.keywords("b") == {"fox"}


async def test_two_writers_that_remove_the_last_two_links_at_once_leave_no_orphan(writer, driver, graph):
    await writer.write([a_submission(f"d{i}", 1, "fox") for i in range(20)])
    await asyncio.gather(*(writer.write([a_deletion(f"d{i}", 2)]) for i in range(20)))
    await sweeper(driver, graph).sweep()
    assert (await graph.counts())["entities"] == 0


async def test_sweeping_while_documents_come_and_go_never_loses_a_link(writer, driver, graph):
    async def churn(name):
        for version in range(0, 30, 2):
            await writer.write([a_submission(name, version, "fox owl", f"own {name}")])
            await writer.write([a_deletion(name, version + 1)])
        await writer.write([a_submission(name, 99, "fox owl")])

    async def sweep(done):
        while not done.is_set():
            await sweeper(driver, graph).sweep()

    done = asyncio.Event()
    sweeping = [asyncio.create_task(sweep(done)) for _ in range(2)]
    await asyncio.gather(*(churn(f"d{i}") for i in range(4)))
    done.set()
    await asyncio.gather(*sweeping)
    for i in range(4):
        assert await graph.keywords(f"d{i}") == {"fox", "owl"}


async def test_a_document_of_many_entities_is_swept_in_small_steps(writer, driver, graph):
    words = [f"word{number}" for number in range(2500)]
    await writer.write([a_submission("a", 1, " ".join(words))])
    await writer.write([a_deletion("a", 2)])

    notes = await graph.rows("MATCH (u:__Unlinked) RETURN size(u.entityIds) AS size")
    assert sorted(note["size"] for note in notes) == [500, 1000, 1000]
    assert await sweeper(driver, graph).sweep() == len(words)
    assert (await graph.counts())["entities"] == 0
