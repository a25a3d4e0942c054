import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import TooLargeError
from service.ingest.options import IngestOptions
from service.ingest.source import given
from tests.unit.ingest.builders import prepared, submitted

PARAGRAPHS = [
    f"Hive number {number} is full of bees, and the bees of hive {number} make honey. " * 5 for number in range(9)
]
TEXT = "\n\n".join(PARAGRAPHS)


def test_a_chunk_is_a_slice_of_the_extracted_text():
    for chunk in prepared(TEXT).chunks:
        assert chunk.text == TEXT[chunk.start : chunk.end]


def test_chunks_are_numbered_and_their_ids_are_distinct_and_stable():
    once, again = prepared(TEXT), prepared(TEXT)
    assert once == again
    assert [chunk.index for chunk in once.chunks] == list(range(len(once.chunks)))
    assert len({chunk.id for chunk in once.chunks}) == len(once.chunks)


def test_equal_chunks_of_one_document_have_one_hash_and_different_ids():
    body = "Bees fly in the garden. " * 40
    chunks = prepared("\n\n".join([body] * 5)).chunks
    hashes = {chunk.hash for chunk in chunks}
    assert len(hashes) < len(chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def test_the_same_chunk_in_two_documents_has_one_hash_and_two_ids():
    one, two = prepared(TEXT), prepare_as("other", TEXT)
    assert [chunk.hash for chunk in one.chunks] == [chunk.hash for chunk in two.chunks]
    assert not {chunk.id for chunk in one.chunks} & {chunk.id for chunk in two.chunks}


def prepare_as(document_id: str, text: str):
    from service.ingest.preparation import prepare

    source = given(submitted(text))
    return prepare(replace(source, document_id=document_id), IngestOptions())


def test_an_edited_paragraph_leaves_the_other_chunks_and_their_keywords():
    before = {chunk.id: chunk.keywords for chunk in prepared(TEXT).chunks}
    edited = [*PARAGRAPHS[:4], PARAGRAPHS[4] + "It swarmed.", *PARAGRAPHS[5:]]
    after = {chunk.id: chunk.keywords for chunk in prepared("\n\n".join(edited)).chunks}
    kept = before.keys() & after.keys()
    assert len(kept) >= len(before) - 2
    assert all(before[ident] == after[ident] for ident in kept)


def test_a_composed_and_a_decomposed_accent_are_the_same_chunk():
    assert prepared("Caf\u00e9 and bees").chunks[0].hash == prepared("Cafe\u0301 and bees").chunks[0].hash


def test_the_language_is_part_of_what_a_chunk_is():
    assert prepared(TEXT, language="en").chunks[0].hash != prepared(TEXT, language="de").chunks[0].hash


@pytest.mark.parametrize(
    "change",
    [
        {"media_type": "text/markdown"},
        {"title": "Bees"},
        {"language": "en"},
        {"metadata": {"team": "apiary"}},
        {"options": IngestOptions(chunk_size=800)},
        {"options": IngestOptions(keywords_per_chunk=5)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_decides_the_result_changes_the_content_hash(change):
    assert prepared(TEXT, **change).content_hash != prepared(TEXT).content_hash


def test_the_order_of_the_metadata_does_not_change_the_content_hash():
    one = prepared(TEXT, metadata={"a": 1, "b": 2.5})
    assert one.content_hash == prepared(TEXT, metadata={"b": 2.5, "a": 1}).content_hash


def test_a_given_title_wins_over_the_document_s_own():
    assert prepared("# Own\n\ntext", "text/markdown").title == "Own"
    assert prepared("# Own\n\ntext", "text/markdown", title=" Given\n one ").title == "Given one"
    assert prepared("text").title is None


def test_a_document_over_the_limit_is_refused_with_limit_and_size():
    with pytest.raises(TooLargeError, match="at most 10 bytes, got 11"):
        prepared("hello world", options=IngestOptions(max_document=10))
    with pytest.raises(TooLargeError, match="at most 10 characters of text, got 11"):
        prepared("hello world", options=IngestOptions(max_characters=10))


def test_the_example_documents_share_their_keywords():
    # Given the examples, which are about one subject
    folder = Path(__file__).parents[3] / "examples" / "documents"
    events = json.loads((folder / "manifest.json").read_text())
    newest = {event["document_id"]: event for event in events}
    # When the ones that stay are prepared
    documents = [
        prepared((folder / event["file"]).read_bytes(), event["media_type"], language=event.get("language"))
        for event in newest.values()
        if event["action"] == "submit"
    ]
    # Then many keywords are in more than one document
    words = [{keyword.id for chunk in document.chunks for keyword in chunk.keywords} for document in documents]
    shared = {word for each in words for word in each if sum(word in other for other in words) > 1}
    assert len(documents) == 11
    assert len(shared) >= 30


def test_the_second_version_of_the_example_keeps_chunks_of_the_first():
    folder = Path(__file__).parents[3] / "examples" / "documents"
    first, second = (
        {chunk.id for chunk in prepared((folder / name).read_bytes(), "text/markdown").chunks}
        for name in ("spring-inspection.md", "spring-inspection.v2.md")
    )
    assert first & second
    assert first - second
    assert second - first


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b'{"title": "hive \\ud800", "bees": "in the hive \\udfff with honey", "\\ud83d": 1}', "application/json"),
        (rb"{\rtf1 The bees are in the hive \u-10179? with honey.}", "application/rtf"),
        (b"The bees are in the hive +2AA- with honey.", "text/plain; charset=utf-7"),
        (b"+ACM- Hive +2AA-\n\nThe bees are in the hive.", "text/markdown; charset=utf-7"),
        (b"+ADw-h1+AD4-Hive +2AA-+ADw-/h1+AD4-", "text/html; charset=utf-7"),
        (b"Hive,Bees\n+2AA-,honey\n", "text/csv; charset=utf-7"),
    ],
)
def test_half_a_character_is_replaced_for_the_graph_could_not_store_it(content, media_type):
    document = prepared(content, media_type)
    text = "".join(chunk.text for chunk in document.chunks)
    assert "\ufffd" in text
    (document.title or "").encode()
    text.encode()


def test_a_character_that_rtf_writes_in_two_halves_is_one():
    document = prepared(rb"{\rtf1 A bee \u-10179?\u-9187? in the hive.}", "application/rtf")
    assert "A bee \U0001f41d in the hive." in document.chunks[0].text
