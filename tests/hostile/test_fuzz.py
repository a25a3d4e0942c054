"""Good documents of each format, spoiled at random, through the service's own ingest and its child processes.

The short form, in `make test-long`, takes a few documents of each, the same ones each time; `make fuzz` takes new ones
for a minute (DOCGRAPH_FUZZ_SECONDS).
"""

import asyncio
import hashlib
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from schemas.reasons import Reason
from service.errors import PermanentError
from service.ingest.formats import formats
from service.ingest.ingestor import Ingestor
from service.ingest.options import IngestOptions
from tests.corpus.documents import DOCUMENTS, media_type_of
from tests.corpus.hostile.document import MARKDOWN, PLAIN
from tests.corpus.labelled import labelled_text
from tests.hostile.spoiling import spoiled, spoiled_archive, spoiled_json, spoiled_tree
from tests.unit.ingest.builders import prepared, submitted

SECONDS = float(os.environ.get("DOCGRAPH_FUZZ_SECONDS", "0"))
AT_ONCE = 16
DEFECTS = {Reason.TIMEOUT, Reason.CRASHED, Reason.INTERNAL_ERROR}
"""Answers that no spoiled document may get: a parser hangs or dies, or raises what its adapter does not expect."""
NATIVE = {"pdf", "xls", "xlsx"}
"""Formats whose parsers are machine code, which may end its process; that costs a child and nothing else."""
DIED = "its process died"
GOOD = labelled_text("de-wald").text * 40


def seeds() -> dict[str, tuple[str, st.SearchStrategy[bytes]]]:
    """Return by format the media type and spoiled documents."""
    by_format: dict[str, list[bytes]] = {"md": [], "txt": []}
    types = {"md": MARKDOWN, "txt": PLAIN}
    for name in ("en-tides", "zh-tea", "ja-onsen", "ar-dates"):
        for kind in types:
            by_format[kind].append(labelled_text(name).text.encode())
    for path in DOCUMENTS:
        by_format.setdefault(path.suffix[1:], []).append(path.read_bytes())
        types[path.suffix[1:]] = media_type_of(path)
    return {kind: (types[kind], st.one_of(*map(_spoiled, contents))) for kind, contents in by_format.items()}


def _spoiled(content: bytes) -> st.SearchStrategy[bytes]:
    if content.startswith(b"PK"):
        return spoiled_archive(content)
    if content.lstrip().startswith(b"<"):
        return st.one_of(spoiled(content), spoiled_tree(content))
    return spoiled_json(content) if content.lstrip().startswith(b'{"') else spoiled(content)


SEEDS = seeds()


@pytest.fixture(scope="module")
def fuzzed():
    """An ingest on a loop of its own, since hypothesis does not wait for anybody."""
    with asyncio.Runner() as runner:
        ingestor = Ingestor(IngestOptions(parse_timeout=30))
        runner.run(ingestor.__aenter__())
        yield lambda work: runner.run(work(ingestor))
        runner.run(ingestor.__aexit__(None, None, None))


@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize("kind", SEEDS)
def test_a_spoiled_document_neither_hangs_nor_crashes(fuzzed, kind):
    media_type, documents = SEEDS[kind]
    answers: Counter[str] = Counter()
    found: list[str] = []
    until = time.monotonic() + SECONDS

    @settings(
        max_examples=20 if SECONDS else 2,
        derandomize=not SECONDS,
        deadline=None,
        # Nothing is shrunk: what is found is written to a file, and a byte of it more or less does not matter.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(documents, min_size=AT_ONCE, max_size=AT_ONCE))
    def answered(contents: list[bytes]) -> None:
        async def prepare(ingestor: Ingestor) -> None:
            outcomes = await asyncio.gather(*(_outcome(ingestor, content, media_type) for content in contents))
            answers.update(answer for answer, _ in outcomes)
            found.extend(
                f"{error}: {_kept(content, kind)}"
                for content, (answer, error) in zip(contents, outcomes, strict=True)
                if answer in DEFECTS and not (kind in NATIVE and DIED in error)
            )

        fuzzed(prepare)

    # Given spoiled documents, as many as fit in the time; then each has its answer
    while not answers or time.monotonic() < until:
        answered()
    print(f"{kind}: {answers.total()} documents: {', '.join(f'{n} {name}' for name, n in answers.most_common())}")  # noqa: T201
    assert not found
    # And a good one is fine
    fuzzed(_is_fine)


async def _is_fine(ingestor: Ingestor) -> None:
    assert await ingestor.prepare(submitted(GOOD)) == prepared(GOOD)


async def _outcome(ingestor: Ingestor, content: bytes, media_type: str) -> tuple[str, str]:
    """Return the reason, or `read`, and the error."""
    try:
        document = await ingestor.prepare(submitted(content, media_type))
    except PermanentError as error:
        return str(error.reason), str(error)
    assert all(chunk.text for chunk in document.chunks)
    return "read", ""


def _kept(content: bytes, kind: str) -> Path:
    path = Path(__file__).parents[2] / ".local" / "fuzz" / f"{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_each_format_is_spoiled():
    for each in formats().values():
        assert {suffix.removeprefix(".") for suffix in each.suffixes} & set(SEEDS), each.media_types
