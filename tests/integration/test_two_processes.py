"""Two service processes, one broker, one graph: 2,000 documents, exact counts."""

import asyncio
import json
import time
from collections import Counter

from tests.conftest import FIGURES
from tests.support.broker import BrokerView
from tests.support.processes import a_process

DOCUMENTS = 2000
PARAGRAPH = (
    "The keeper of lighthouse {number} trims lamp {lamp} at dusk. Ships from harbour {harbour} steer by its light, "
    "and the keeper writes each ship into the log. In storm the fog horn of tower {tower} answers."
)


def text(number: int) -> str:
    words = {"number": number, "lamp": number % 7, "harbour": number % 13, "tower": number % 29}
    return "\n\n".join(PARAGRAPH.format(**words) for _ in range(4))


async def test_two_thousand_documents_through_two_processes(settings, graph, record_property):
    async with a_process(settings) as one, a_process(settings) as two:
        await asyncio.gather(one.ready(), two.ready())
        async with BrokerView(settings.rabbitmq_url) as broker:
            started = time.perf_counter()
            for first in range(0, DOCUMENTS, 250):
                await asyncio.gather(*(broker.submit(f"d{n}", 1, text(n)) for n in range(first, first + 250)))
            completions = await broker.until(DOCUMENTS, within=100)
            seconds = time.perf_counter() - started

            answers = [json.loads(message.body) for message in completions]
            assert Counter(message.type for message in completions) == {"document.processed": DOCUMENTS}
            assert Counter(answer["outcome"] for answer in answers) == {"created": DOCUMENTS}
            assert len({answer["document_id"] for answer in answers}) == DOCUMENTS
            assert len({message.message_id for message in completions}) == DOCUMENTS
            for queue in ("documents.submitted", "documents.deleted", "documents.dead", "documents.retry.1s"):
                assert await broker.depth(queue) == 0

        counts = await graph.counts()
        chunks = sum(answer["chunks"]["total"] for answer in answers)
        assert counts["documents"] == DOCUMENTS
        assert counts["chunks"] == counts["from_document"] == chunks
        assert counts["next_chunk"] == chunks - DOCUMENTS
        # Each document names its keywords once per chunk; a link is there for each of them and for nothing else.
        per_document = await graph.rows(
            "MATCH (d:Document)<-[:FROM_DOCUMENT]-(c)<-[l:FROM_CHUNK]-(e) "
            "RETURN d.id AS id, count(l) AS links, count(DISTINCT e) AS keywords"
        )
        keywords = {answer["document_id"]: answer["keywords"] for answer in answers}
        assert {row["id"]: row["keywords"] for row in per_document} == keywords
        assert counts["from_chunk"] == sum(row["links"] for row in per_document)
        assert (
            await graph.value("MATCH (e:__Entity__) WITH e.id AS id, count(*) AS n WHERE n > 1 RETURN count(id) AS n")
            == 0
        )
        assert await one.stop() == 0
        assert await two.stop() == 0
    record_property(FIGURES, f"{DOCUMENTS} documents through two processes: {DOCUMENTS / seconds:.0f} documents/s")


async def test_one_document_through_two_processes_ends_at_its_newest_version(settings, graph):
    async with a_process(settings) as one, a_process(settings) as two:
        await asyncio.gather(one.ready(), two.ready())
        async with BrokerView(settings.rabbitmq_url) as broker:
            order = [(number * 37) % 200 for number in range(200)]
            await asyncio.gather(*(broker.submit("hot", version, f"Version {version}.") for version in order))
            answers = [json.loads(message.body) for message in await broker.until(200)]
    assert await graph.texts("hot") == ["Version 199."]
    effective = [a["version"] for a in answers if a["outcome"] in ("created", "updated")]
    assert 199 in effective
    assert Counter(a["outcome"] for a in answers)["created"] == 1
