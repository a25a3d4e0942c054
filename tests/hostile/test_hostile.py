"""Each hostile document through the service's own ingest: the right reason, little work, no harm to the next one."""

import os
import sys
from pathlib import Path

import pytest

from schemas.reasons import Reason
from service.ingest.ingestor import Ingestor
from service.ingest.options import MIB, IngestOptions
from tests.corpus.hostile import HOSTILE, Hostile
from tests.corpus.labelled import labelled_text
from tests.hostile.watch import passage, resident, settle
from tests.support.steps import LONGEST_STEP
from tests.unit.ingest.builders import prepared, submitted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and work are read from /proc")

LONG = os.environ.get("DOCGRAPH_HOSTILE") == "long"
MOST_SECONDS = 10
GOOD = labelled_text("en-tides").text * 40
LEFT_BEHIND = (Path("/tmp/docgraph-was-here"), Path("/docgraph"))


@pytest.fixture(scope="module")
async def ingestor():
    # The clock of a busy machine says little; what is bounded below is the work.
    async with Ingestor(IngestOptions(workers=1, parse_timeout=120)) as ingestor:
        yield ingestor


@pytest.fixture(scope="module", autouse=True)
async def flat_memory(ingestor):
    """Nothing of all these documents stays in the service."""
    await ingestor.prepare(submitted(GOOD))
    settle()
    before = resident()
    yield
    settle()
    # Modules that are loaded late and fragments of the heap take some.
    assert resident() - before < 64 * MIB


@pytest.fixture(scope="module")
def good():
    return prepared(GOOD)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("hostile", [pytest.param(each, id=each.name) for each in HOSTILE if LONG or not each.large])
async def test_a_hostile_document_has_its_reason_and_harms_nobody(ingestor, good, hostile: Hostile):
    # Given a document that the producer calls by its media type
    content = hostile.build()
    # When the service gets it
    seen = await passage(ingestor, content, hostile.media_type)
    # Then it gives a right answer
    assert seen.reason in hostile.answers, seen.error or "it was read"
    assert seen.reason is None or seen.error.startswith("expected")
    # And nothing was found out or left behind
    if hostile.secret and seen.document:
        assert not any(hostile.secret in chunk.text for chunk in seen.document.chunks)
    assert not any(path.exists() for path in LEFT_BEHIND)
    # And it cost a child some seconds, the loop moments, and the service no more than the document and its answer
    assert seen.child_seconds + seen.own_seconds < MOST_SECONDS
    assert seen.longest_step < LONGEST_STEP
    answer = sum(len(chunk.text) for chunk in seen.document.chunks) if seen.document else 0
    assert seen.parent_growth < 3 * len(content) + 12 * answer + 32 * MIB
    # And the next document is fine
    assert await ingestor.prepare(submitted(GOOD)) == good


def test_hostile_documents_have_names_of_their_own():
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE)


def test_each_reason_of_the_ingest_is_met():
    # A timeout and a crash need a document that a parser has a defect for; other tests make such parsers.
    met = {answer for hostile in HOSTILE for answer in hostile.answers}
    parsing = {"unsupported_media_type", "too_large", "encrypted", "corrupt", "unsafe", "no_text", "garbled", "crashed"}
    assert parsing <= {Reason(answer).value for answer in met if answer}
