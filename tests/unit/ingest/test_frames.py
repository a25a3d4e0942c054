import io
import json

import pytest
from hypothesis import given, settings, strategies as st

from service.errors import EncryptedError, ParserCrashedError, TooLargeError
from service.ingest import frames
from service.ingest.options import IngestOptions
from service.ingest.source import Source
from tests.unit.ingest.builders import prepared

CHUNK = ["id", "text", "hash", "heading", 1, 0, 4, [["bee", 0.5]]]
HEAD = {"title": None, "media_type": "text/plain", "language": "en", "content_hash": "00", "chunks": 1}

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from([*HEAD, "error", "detail"]), inner),
    max_leaves=12,
)


def test_a_request_comes_out_as_it_went_in():
    source = Source("doc", b"\0\xff raw", "text/plain", None, "Title", "de", {"a": 1, "b": 2.5, "c": True})
    options = IngestOptions(chunk_size=77)
    stream = io.BytesIO((frames.request(source, options) + source.content) * 2)
    assert frames.read_request(stream) == (source, options)
    assert frames.read_request(stream) == (source, options)
    assert frames.read_request(stream) is None


def test_a_document_comes_out_as_it_went_in_chunk_by_chunk():
    document = prepared("\n\n".join(f"Hive {number} has bees; 蜂箱 🐝. " * 30 for number in range(99)))
    head, *batches = [frame[frames.LENGTH :] for frame in frames.reply(document)]
    assert frames.read_head(head, 20_000)["content_hash"] == document.content_hash
    chunks = []
    for batch in batches:
        chunks += frames.read_chunks(batch, len(chunks), 1000, IngestOptions())
    assert tuple(chunks) == document.chunks
    assert len(batches) > 1


def test_an_error_crosses_with_its_type_and_text():
    frame = frames.refusal(EncryptedError("expected no password"))
    with pytest.raises(EncryptedError, match="expected no password"):
        frames.read_head(frame[frames.LENGTH :], 10)


@pytest.mark.parametrize(
    "name", ["SystemExit", "annotations", "ClassVar", "TransientError", "StartupError", "nonsense"]
)
def test_a_child_cannot_choose_an_error_that_is_no_answer_about_a_document(name):
    with pytest.raises(frames.BadFrameError):
        frames.read_head(json.dumps({"error": name, "detail": "x"}).encode(), 10)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b"{}", b"null", b"[" * 100_000, b"9" * 10_000, json.dumps(HEAD | {"chunks": -1}).encode()]
    + [json.dumps(HEAD | {"chunks": value}).encode() for value in (11, 1.5, True, "1")]
    + [json.dumps(HEAD | {"title": chr(0xD800)}).encode()],
    ids=lambda body: repr(body[:20]),
)
def test_a_head_that_the_worker_never_writes_is_refused(body):
    with pytest.raises(ParserCrashedError):
        frames.read_head(body, 10)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, None),
        (1, 5),
        (1, chr(0xDFFF)),
        (4, -1),
        (5, "0"),
        (6, 2**40),
        (7, None),
        (7, [["bee", 0]]),
        (7, [["bee", 2]]),
        (7, [["bee"]]),
        (7, [[1, 0.5]]),
        (7, "ab"),
        (7, [["bee", float("nan")]]),
        (7, [["bee", "1"]]),
    ],
)
def test_a_chunk_that_the_worker_never_writes_is_refused(place, value):
    row = [*CHUNK[:place], value, *CHUNK[place + 1 :]]
    with pytest.raises(ParserCrashedError):
        frames.read_chunks(json.dumps([row]).encode(), 0, 10, IngestOptions())


@pytest.mark.parametrize("rows", [[], [CHUNK] * 3])
def test_a_batch_has_at_least_one_chunk_and_no_more_than_announced(rows):
    with pytest.raises(ParserCrashedError):
        frames.read_chunks(json.dumps(rows).encode(), 0, 2, IngestOptions())


@pytest.mark.parametrize(
    ("text", "keywords"), [("x" * 101, 0), ("\u8702" * 101, 0), ("x", 4)], ids=["characters", "wide", "keywords"]
)
def test_a_chunk_over_the_sizes_that_were_asked_for_is_refused(text, keywords):
    def read(text, keywords):
        row = [*CHUNK[:1], text, *CHUNK[2:7], [["bee", 0.5]] * keywords]
        return frames.read_chunks(json.dumps([row]).encode(), 0, 1, IngestOptions(chunk_size=100, keywords_per_chunk=3))

    assert len(read(text[:100], min(keywords, 3))) == 1
    with pytest.raises(frames.BadFrameError, match="at most 100 characters and 3 keywords"):
        read(text, keywords)


@given(junk)
@settings(max_examples=150, deadline=None)
def test_whatever_json_a_child_writes_the_parent_has_one_kind_of_error(value):
    body = json.dumps(value).encode()
    for read in (lambda: frames.read_head(body, 10), lambda: frames.read_chunks(body, 0, 10, IngestOptions())):
        try:
            read()
        except (ParserCrashedError, TooLargeError):
            continue
