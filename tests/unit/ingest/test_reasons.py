"""Each reason that parsing gives, from a real document in a real child process, and the limits that are behind them."""

import zlib

import pytest

from schemas.reasons import Reason
from service.errors import PermanentError
from service.ingest import media_types as types
from service.ingest.ingestor import Ingestor
from service.ingest.options import MIB, IngestOptions
from tests.unit.ingest.builders import prepared, submitted
from tests.unit.ingest.formats.builders import epub, odf, sheet_xml, with_member, xlsx, zipped
from tests.unit.ingest.pdf_writer import assembled, pdf

GOOD = "Bees live in the hive, and the hive is full of honey."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = (OLE.ljust(1024, b"\0") + "EncryptedPackage\0".encode("utf-16-le")).ljust(2048, b"\0")
GLYPHS = "'LH QHXH +DFNVFKQLW GXUFK GLH :LOGQLV GHU 3URJUDPPLHUXQJ "
DEEP_HTML = "<html>" + "<div>" * 5000
DEEP_JSON = b"[" * 20_000


def unpacking_pdf(size: int) -> bytes:
    """Return a PDF of one page that unpacks to so many bytes of nothing."""
    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(b" " * MIB) for _ in range(size // MIB)) + packer.flush()
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"
    content = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream)
    return assembled([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content])


DOCUMENTS = [
    (Reason.UNSUPPORTED_MEDIA_TYPE, b"\x89PNG\r\n", None),
    (Reason.UNSUPPORTED_MEDIA_TYPE, b"bees", "video/mp4"),
    (Reason.UNSUPPORTED_MEDIA_TYPE, zipped({"a.txt": "bees"}), None),
    (Reason.TOO_LARGE, zipped({"content.xml": zlib.compress(b"") * 40_000_000}), None),
    (
        Reason.TOO_LARGE,
        with_member(xlsx({"a": []}), "xl/worksheets/sheet1.xml", sheet_xml({(1, 0): 1, (10**6, "XFD"): 2})),
        None,
    ),
    (Reason.ENCRYPTED, ENCRYPTED, types.DOCX),
    (Reason.CORRUPT, b"bees", types.DOCX),
    (Reason.CORRUPT, b"PK\x03\x04 no archive", types.EPUB),
    (Reason.CORRUPT, b"%PDF-1.7 no", None),
    (Reason.CORRUPT, b'{"bees": ', types.JSON),
    (Reason.UNSAFE, DEEP_HTML, types.HTML),
    (Reason.UNSAFE, DEEP_JSON, types.JSON),
    (Reason.UNSAFE, DEEP_JSON * 3, types.JSON),
    (Reason.UNSAFE, zipped({"content.xml": "\0" * 20 * MIB}), None),
    (Reason.UNSAFE, zipped({"../../etc/cron.d/bees": "* * * * *"}), None),
    (Reason.UNSAFE, with_member(odf(""), "content.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), None),
    (Reason.NO_TEXT, b"", None),
    (Reason.NO_TEXT, b" \n" * 30_000, None),
    (Reason.NO_TEXT, pdf([[], []]), None),
    (Reason.NO_TEXT, epub({"a.xhtml": ""}), None),
    (Reason.GARBLED, pdf([[GLYPHS] * 20]), None),
    (Reason.CRASHED, unpacking_pdf(256 * MIB), None),
]
PARSING = {reason for reason, _, _ in DOCUMENTS} | {Reason.TIMEOUT}


@pytest.fixture(scope="module")
async def ingestor():
    async with Ingestor(IngestOptions(workers=1, memory_limit=300 * MIB)) as ingestor:
        yield ingestor


@pytest.mark.parametrize(
    ("reason", "content", "media_type"),
    [pytest.param(*case, id=f"{case[0]}-{number}") for number, case in enumerate(DOCUMENTS)],
)
async def test_a_document_that_cannot_be_read_fails_with_its_reason_and_the_next_one_is_fine(
    ingestor, reason, content, media_type
):
    with pytest.raises(PermanentError, match=r"^expected .* got |^expected .*, but ") as caught:
        await ingestor.prepare(submitted(content, media_type))
    assert caught.value.reason == reason
    assert (await ingestor.prepare(submitted(GOOD.encode("utf-16")))).chunks[0].text == GOOD
    assert len(ingestor._pool.pids) == 1


async def test_a_document_that_takes_too_long_fails_with_its_reason_and_the_next_one_is_fine():
    # Given a parser that has no time at all
    async with Ingestor(IngestOptions(workers=1, parse_timeout=0.001)) as ingestor:
        with pytest.raises(PermanentError, match=r"within 0\.001 s") as caught:
            await ingestor.prepare(submitted(GOOD.encode("utf-16")))
    assert caught.value.reason == Reason.TIMEOUT


def test_every_reason_that_parsing_gives_is_tried_here():
    others = {
        Reason.INVALID_EVENT,
        Reason.UNSUPPORTED_URI,
        Reason.GRAPH_UNAVAILABLE,
        Reason.BROKER_UNAVAILABLE,
        Reason.GRAPH_REJECTED,
        Reason.CRASH_LOOP,
        Reason.INTERNAL_ERROR,
    }
    fetching = {reason for reason in Reason if reason.value.startswith("fetch_")}
    assert PARSING | others | fetching == set(Reason)
    assert not PARSING & others


@pytest.mark.parametrize(
    ("options", "content", "media_type", "limit", "value"),
    [
        ({"max_document": 10}, b"x" * 11, None, 10, 11),
        ({"max_characters": 10}, b"x" * 11, None, 10, 11),
        ({"max_unpacked": 100}, odf("<office:text/>"), None, 100, None),
        ({"max_pages": 1}, xlsx({"a": [["b"]], "c": [["d"]]}), None, 1, 2),
        ({"max_pages": 1}, pdf([[GOOD], [GOOD]]), None, 1, 2),
        ({"max_chunks": 1, "chunk_size": 20}, GOOD.encode(), None, 1, None),
        ({"max_nesting": 20}, b"[" * 30 + b"1,[]" + b"]" * 30, types.JSON, 20, None),
        ({"max_nesting": 20}, b"<html>" + b"<b>" * 30, None, 20, None),
        ({"max_nesting": 20}, odf("<text:list>" * 30 + "</text:list>" * 30), None, 20, None),
        ({"max_compression_ratio": 10}, zipped({"content.xml": "ab" * 2 * MIB}), None, 10, None),
    ],
)
def test_over_a_limit_the_error_names_the_limit_and_the_value(options, content, media_type, limit, value):
    with pytest.raises(PermanentError, match=rf"at most {limit}\b.*got (?:{value or '.*'}\b|.*more|at least)"):
        prepared(content, media_type, options=IngestOptions(**options))


async def over(options: IngestOptions, content: bytes, media_type: str | None = None) -> PermanentError:
    """Return the error of a document that a child does not read."""
    async with Ingestor(options) as ingestor:
        with pytest.raises(PermanentError) as caught:
            await ingestor.prepare(submitted(content, media_type))
    return caught.value


async def test_over_the_time_the_error_names_it():
    error = await over(IngestOptions(parse_timeout=0.001), GOOD.encode("utf-16"))
    assert error.reason == Reason.TIMEOUT
    assert "within 0.001 s" in str(error)


async def test_over_the_processor_time_the_error_names_it_and_the_size():
    # Given a long text and processor time that the kernel rounds up to the next second
    text = " ".join(f"bee{number} hive{number}." for number in range(400_000)).encode()
    error = await over(IngestOptions(cpu_seconds=0.01, max_chunks=10**6), text)
    assert error.reason == Reason.TIMEOUT
    assert "at most 0.01 s of processor time" in str(error)
    assert f"got more for {len(text)} bytes" in str(error)


async def test_over_the_memory_the_error_names_it():
    error = await over(IngestOptions(workers=1, memory_limit=300 * MIB), unpacking_pdf(256 * MIB))
    assert error.reason == Reason.CRASHED
    assert f"{300 * MIB} bytes of memory" in str(error)


@pytest.mark.parametrize("depth", [600, 20_000, 60_000])
async def test_over_the_nesting_of_json_the_error_names_it_however_deep_it_is(depth):
    error = await over(IngestOptions(), b"[" * depth + b"]" * depth, types.JSON)
    assert error.reason == Reason.UNSAFE
    assert "at most 512 " in str(error)
    assert "inside each other, got more" in str(error)
