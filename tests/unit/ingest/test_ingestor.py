"""Documents in child processes: what they do to the child, and what that does to the service."""

import asyncio
import json
import os
import signal
import sys
import zlib
from pathlib import Path

import pytest

from service.errors import (
    CorruptError,
    NoTextError,
    ParserCrashedError,
    ParserTimeoutError,
    ParserUnavailableError,
    UnsupportedMediaTypeError,
)
from service.ingest.ingestor import Ingestor
from service.ingest.options import MIB, IngestOptions
from service.ingest.pool import ChildPool
from service.ingest.source import Source
from tests.corpus.labelled import labelled_text
from tests.support.steps import LONGEST_STEP, measured_steps
from tests.unit.ingest.builders import prepared, submitted
from tests.unit.ingest.pdf_writer import assembled, pdf

LONG = "Bees are in the hive. " * 2000
PDF = pdf([["The bees are in the hive and make honey."] * 10], title="Bees")
SHORT = Source("doc", b"Bees are in the hive.", "text/plain")

# Children of the tests' own: each is a program that greets as the worker does and then misbehaves.
GREET = (
    "import sys, time; out = sys.stdout.buffer; "
    "frame = lambda body: (out.write(len(body).to_bytes(4, 'big') + body), out.flush()); frame(b'{}'); "
)
ASK = "sys.stdin.buffer.read(20); "


def misbehaving(program: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", GREET + program)


def bomb() -> bytes:
    """Return a PDF of a few hundred kilobytes whose page unpacks to a quarter of a gigabyte."""
    packer = zlib.compressobj(9)
    blanks = b" " * MIB
    stream = b"".join([packer.compress(blanks) for _ in range(256)]) + packer.flush()
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
            b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        ]
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def is_gone(pid: int) -> bool:
    """Wait until a process is gone; return False when it is still there after five seconds."""
    for _ in range(500):
        if not is_running(pid):
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.fixture(scope="module")
async def ingestor():
    async with Ingestor() as ingestor:
        yield ingestor


async def test_short_text_is_read_without_a_child():
    async with Ingestor() as ingestor:
        document = await ingestor.prepare(submitted("# Bees\n\nin the hive", "text/markdown"))
        assert document.title == "Bees"
        assert ingestor._pool.pids == []


async def test_ordinary_text_of_twenty_kilobytes_is_read_without_a_child():
    text = labelled_text("en-tides").text * 20
    # Time enough for a slow machine: here it is the size that decides
    async with Ingestor(IngestOptions(inline_seconds=1)) as ingestor:
        assert await ingestor.prepare(submitted(text[:20_000])) == prepared(text[:20_000])
        assert ingestor._pool.pids == []


@pytest.mark.parametrize(
    "text",
    ["1 " * 10_000, "\ufdfa" * 2_000, "a" + "\u0315\u0300" * 4_000],
    ids=["digits", "ligatures", "accents"],
)
async def test_text_that_holds_the_loop_for_long_goes_to_a_child_with_the_same_result(text):
    # A tenth of the time, so that it does not depend on the machine
    async with Ingestor(IngestOptions(inline_seconds=0.0008)) as ingestor:
        assert await ingestor.prepare(submitted(text)) == prepared(text)
        assert ingestor._pool.pids


@pytest.mark.parametrize(
    ("text", "media_type"),
    [("a\n-\n" * 1000, "text/markdown"), ("a,b\n" * 1500, "text/csv"), ("1\n" * 1000, "application/jsonl")],
)
async def test_many_lines_go_to_a_child_at_once(text, media_type):
    async with Ingestor(IngestOptions(inline_seconds=60)) as ingestor:
        assert await ingestor.prepare(submitted(text, media_type)) == prepared(text, media_type)
        assert ingestor._pool.pids


async def test_the_child_makes_of_a_document_what_this_process_would(ingestor):
    assert await ingestor.prepare(submitted(LONG)) == prepared(LONG)
    metadata = {"a": 1, "b": True, "c": 0.5, "d": "蜜"}
    for content in (PDF, LONG.encode("utf-16")):
        assert await ingestor.prepare(submitted(content, metadata=metadata)) == prepared(content, metadata=metadata)


async def test_text_in_a_charset_that_must_be_guessed_leaves_the_loop_alone(ingestor):
    document = await ingestor.prepare(
        submitted("Über die Wiese fliegen die Bienen, früh und spät. ".encode("latin-1") * 9)
    )
    assert ingestor._pool.pids
    assert document.language == "de"


@pytest.mark.parametrize(
    ("content", "media_type", "error"),
    [
        (b"%PDF-1.7 no", None, CorruptError),
        (pdf([[], []]), None, NoTextError),
        (b"x", "video/mp4", UnsupportedMediaTypeError),
        ("", None, NoTextError),
        (" " * 50_000, None, NoTextError),
    ],
)
async def test_an_error_in_the_child_is_the_same_error_here(ingestor, content, media_type, error):
    with pytest.raises(error, match="expected"):
        await ingestor.prepare(submitted(content, media_type))


async def test_a_child_is_reused_and_replaced_after_its_share():
    async with ChildPool(IngestOptions(workers=1, tasks_per_child=2)) as pool:
        seen = []
        for _ in range(4):
            await pool.prepare(SHORT)
            seen += pool.pids
        # After each second document the child is gone, and the next one gets another.
        assert len(seen) == 2
        assert seen[0] != seen[1]


async def test_there_are_never_more_children_than_allowed():
    async with ChildPool(IngestOptions(workers=2)) as pool:
        documents = await asyncio.gather(*(pool.prepare(SHORT) for _ in range(20)))
        assert len(set(pool.pids)) == 2
    assert len(documents) == 20


async def test_a_child_that_was_killed_while_idle_does_not_fail_the_next_document():
    async with ChildPool(IngestOptions(workers=2)) as pool:
        await asyncio.gather(pool.prepare(SHORT), pool.prepare(SHORT))
        killed = pool.pids
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert (await pool.prepare(SHORT)).chunks
        assert set(pool.pids) - set(killed)


async def test_a_document_that_a_reused_child_dies_of_at_work_is_not_tried_again():
    # Given a child that refuses one document, and works on the next one until it breaks
    program = (
        "ask = lambda: sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4), 'big')) and "
        f"sys.stdin.buffer.read({len(SHORT.content)}); import os; ask(); "
        'frame(b\'{"error": "NoTextError", "detail": "expected"}\'); ask(); time.sleep(1.2); os.abort()'
    )
    async with ChildPool(IngestOptions(workers=1), misbehaving(program)) as pool:
        with pytest.raises(NoTextError):
            await pool.prepare(SHORT)
        # When that document comes, then it is guilty: a fresh child would have refused it
        with pytest.raises(ParserCrashedError):
            await pool.prepare(SHORT)


async def test_a_child_that_is_killed_amid_a_document_is_replaced():
    async with ChildPool(IngestOptions(workers=1)) as pool:
        # Given a reused child that has a document
        await pool.prepare(SHORT)
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        task = asyncio.create_task(pool.prepare(SHORT))
        await asyncio.sleep(0)
        # When it is killed
        os.kill(pid, signal.SIGKILL)
        # Then a fresh one answers
        assert (await task).chunks
        assert pool.pids != [pid]


async def test_a_document_that_hangs_the_parser_is_given_up_in_time():
    async with ChildPool(IngestOptions(workers=1, parse_timeout=0.2), misbehaving("time.sleep(60)")) as pool:
        with pytest.raises(ParserTimeoutError, match=r"within 0\.2 s"):
            await pool.prepare(SHORT)
        assert pool.pids == []


async def test_a_document_that_fills_the_memory_kills_its_child_and_nothing_else():
    async with ChildPool(IngestOptions(workers=1, memory_limit=200 * MIB)) as pool:
        with pytest.raises(ParserCrashedError):
            await pool.prepare(Source("bomb", bomb()))
        assert (await pool.prepare(Source("doc", PDF))).title == "Bees"


@pytest.mark.parametrize(
    "program",
    [
        ASK + "frame(b'garbage')",
        ASK + "frame(b'{}')",
        ASK + "frame(b'[1]')",
        ASK + "out.write(b'\\xff' * 8); out.flush(); time.sleep(60)",
        ASK + "out.write(b'\\0\\0'); out.flush()",
        ASK + 'frame(b\'{"error": "SystemExit", "detail": ""}\')',
        ASK
        + 'frame(b\'{"title":null,"media_type":"a","language":"en","content_hash":"","chunks":2}\'); frame(b"[[]]")',
        ASK + "sys.exit(3)",
        "sys.exit(0)",
    ],
)
async def test_a_child_that_says_something_else_is_a_crash_and_no_more(program):
    async with ChildPool(IngestOptions(workers=1), misbehaving(program)) as pool:
        with pytest.raises(ParserCrashedError):
            await pool.prepare(SHORT)
        assert pool.pids == []


async def test_a_child_that_dies_may_have_run_into_its_memory_which_the_error_names():
    async with ChildPool(IngestOptions(workers=1, memory_limit=400 * MIB), misbehaving("sys.exit(3)")) as pool:
        with pytest.raises(ParserCrashedError, match=f"or more than {400 * MIB} bytes of memory"):
            await pool.prepare(SHORT)


async def test_a_child_that_floods_its_pipe_is_killed():
    flood = ASK + "[out.write(b'\\0\\0\\0\\1{' * 100000) for _ in iter(int, 1)]"
    async with ChildPool(IngestOptions(workers=1), misbehaving(flood)) as pool:
        with pytest.raises(ParserCrashedError):
            await pool.prepare(SHORT)


@pytest.mark.parametrize(
    ("text", "heading", "error"),
    [(8 * MIB, 0, "a chunk of at most 1200 characters"), (1200, 8 * MIB, r"a frame of at most \d{5} bytes")],
    ids=["text", "heading"],
)
async def test_a_child_that_sends_more_than_any_document_has_is_killed(text, heading, error):
    # Given a child that sends as many chunks as a document may have, each by itself as the worker would write it
    program = ASK + (
        'head = b\'"title":null,"media_type":"a","language":"en","content_hash":"","metadata":{}\'; '
        "frame(b'{%s,\"chunks\":20000}' % head); "
        f'chunk = b\'[["i","%s","h","%s",null,0,1,[]]]\' % (b\'x\' * {text}, b\'x\' * {heading}); '
        "[frame(chunk) for _ in range(20000)]"
    )
    options = IngestOptions(workers=1, max_characters=10_000)
    async with ChildPool(options, misbehaving(program)) as pool:
        # When it is asked for a document, then it is stopped at the first frames
        with pytest.raises(ParserCrashedError, match=error):
            await pool.prepare(SHORT)
        assert pool.pids == []


async def test_a_child_that_reads_nothing_does_not_hold_up_the_service():
    big = Source("doc", b"bees " * MIB)
    async with ChildPool(IngestOptions(workers=1, parse_timeout=0.2), misbehaving("time.sleep(60)")) as pool:
        with pytest.raises(ParserTimeoutError):
            await pool.prepare(big)


async def test_a_child_that_does_not_start_is_no_document_s_fault():
    async with ChildPool(IngestOptions(), (sys.executable, "-I", "-c", "raise SystemExit(1)")) as pool:
        with pytest.raises(ParserUnavailableError):
            await pool.prepare(SHORT)


async def test_cancelling_the_caller_kills_its_child_and_frees_its_place():
    async with ChildPool(IngestOptions(workers=1)) as pool:
        await pool.prepare(SHORT)
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        task = asyncio.create_task(pool.prepare(SHORT))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await is_gone(pid)
        assert (await pool.prepare(SHORT)).chunks


async def test_closing_leaves_no_child_behind():
    async with Ingestor() as ingestor:
        await ingestor.prepare(submitted(PDF))
        pids = ingestor._pool.pids
    assert pids
    assert all([await is_gone(pid) for pid in pids])


async def test_a_child_sees_no_secrets(monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "secret")
    report = ASK + (
        "import json, os; text = ' '.join(os.environ); "
        "frame(json.dumps({'error': 'CorruptError', 'detail': text}).encode()); time.sleep(60)"
    )
    async with ChildPool(IngestOptions(workers=1), misbehaving(report)) as pool:
        with pytest.raises(CorruptError) as caught:
            await pool.prepare(SHORT)
    assert set(str(caught.value).split()) <= {"PATH", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a busy child ends with its document")
async def test_children_die_with_the_service_even_amid_a_document():
    # Given a service of its own whose child is stopped, so that it cannot see the end of its input
    program = """
import asyncio, os, signal, sys
from service.ingest.options import IngestOptions
from service.ingest.pool import ChildPool
from service.ingest.source import Source
async def main():
    async with ChildPool(IngestOptions(workers=1)) as pool:
        await pool.prepare(Source("doc", b"Bees are in the hive."))
        os.kill(pool.pids[0], signal.SIGSTOP)
        print(pool.pids[0], flush=True)
        await pool.prepare(Source("doc", b"Bees are in the hive."))
asyncio.run(main())
"""
    root = Path(__file__).parents[3]
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=root
    )
    child = int(await service.stdout.readline())
    # When the service is killed
    service.kill()
    await service.communicate()
    # Then its child is gone
    assert await is_gone(child)


async def test_no_step_of_the_loop_is_long_while_a_child_works(ingestor):
    await ingestor.prepare(submitted(PDF))
    event = submitted(pdf([["The bees are in the hive."] * 50] * 300))
    with measured_steps() as steps:
        document = await asyncio.create_task(ingestor.prepare(event))
        assert max(steps) < LONGEST_STEP
    assert len(document.chunks) > 300


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (labelled_text("en-tides").text, None),
        ("1 " * 10_000, "text/plain"),
        ("\ufdfa" * 2_000, "text/plain"),
        ("a" + "\u0315\u0300" * 4_000, "text/plain"),
        ("a\n" * 680, "text/markdown"),
        ("<p>" + "a <b>b</b>" * 340, "text/html"),
        ('{"a": [' + "[1]," * 1_500 + "1]}", "application/json"),
        ("a,b\n" * 690, "text/csv"),
    ],
    ids=["prose", "digits", "ligatures", "accents", "lines", "tags", "lists", "rows"],
)
async def test_no_step_of_the_loop_is_long_while_a_short_text_is_read_on_it(ingestor, text, media_type):
    with measured_steps() as steps:
        await asyncio.create_task(ingestor.prepare(submitted(text, media_type)))
        assert max(steps) < LONGEST_STEP


def test_the_examples_in_the_manifest_are_all_there():
    folder = Path(__file__).parents[3] / "examples" / "documents"
    events = json.loads((folder / "manifest.json").read_text())
    assert all((folder / event["file"]).is_file() for event in events if event["action"] == "submit")
