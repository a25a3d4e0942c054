import pytest

from service.errors import CorruptError, EncryptedError, GarbledError, NoTextError, TooLargeError
from service.ingest.formats.pdf import parse
from service.ingest.options import IngestOptions
from tests.unit.ingest.builders import prepared
from tests.unit.ingest.pdf_writer import assembled, pdf

PROSE = [
    "The bees are in the hive, and the honey is in the comb.",
    "It is taken out of the hive in August (not in May).",
]
PAGES = [["1. The hive", *PROSE], [*PROSE, "Honey", *PROSE], ["Wax", *PROSE]]
BOOKMARKS = [(1, 1, "The hive"), (2, 2, "Honey"), (1, 3, "Wax")]


def test_pages_and_bookmarks_become_sections():
    document = parse(pdf(PAGES, bookmarks=BOOKMARKS, title="Bees"), None, IngestOptions())
    assert document.title == "Bees"
    assert [(section.path, section.page) for section in document.sections] == [
        (("The hive",), 1),
        (("The hive",), 2),
        (("The hive", "Honey"), 2),
        (("Wax",), 3),
    ]
    starts = [document.text[section.start :].split("\n")[0] for section in document.sections]
    assert starts == ["1. The hive", PROSE[0], "Honey", "Wax"]
    assert "(not in May)" in document.text


def test_a_line_that_only_begins_like_a_bookmark_is_not_its_place():
    pages = [["Honey is made by bees.", *PROSE, "Honey", *PROSE]]
    document = parse(pdf(pages, bookmarks=[(1, 1, "Honey")]), None, IngestOptions())
    assert [section.path for section in document.sections] == [(), ("Honey",)]


def test_a_bookmark_that_is_not_on_its_page_opens_it():
    document = parse(pdf(PAGES, bookmarks=[(1, 2, "Elsewhere")]), None, IngestOptions())
    assert [(section.path, section.page) for section in document.sections] == [
        ((), 1),
        (("Elsewhere",), 2),
        (("Elsewhere",), 3),
    ]


def test_a_chunk_knows_the_page_it_starts_on():
    pages = [[f"On page {number} the bees are in the hive and make honey."] * 20 for number in (1, 2, 3)]
    assert [chunk.page for chunk in prepared(pdf(pages)).chunks] == [1, 2, 3]


def test_a_pdf_that_asks_for_a_password_is_refused():
    locked = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"11" * 32, b"22" * 32)
    with pytest.raises(EncryptedError, match="password"):
        parse(pdf(PAGES, trailer=locked), None, IngestOptions())


@pytest.mark.parametrize("content", [b"%PDF-1.7\ngarbage", b"%PDF-1.4" + bytes(range(256)) * 20, pdf(PAGES)[:60]])
def test_a_damaged_pdf_is_refused(content):
    with pytest.raises(CorruptError):
        parse(content, None, IngestOptions())


def test_a_pdf_of_pictures_is_refused():
    with pytest.raises(NoTextError, match="scan"):
        parse(pdf([["1"], ["2"], ["3"]]), None, IngestOptions())


def test_a_pdf_without_a_character_map_is_refused():
    # Given text that is shifted by 29 places, as glyph numbers often are
    shifted = ["".join(chr(ord(letter) - 29) if letter.isalpha() else letter for letter in line) for line in PROSE]
    with pytest.raises(GarbledError, match="no words"):
        parse(pdf([shifted * 5]), None, IngestOptions())


def test_a_list_of_parts_is_not_taken_for_garbled():
    parts = ["Langstroth frame wire", "beeswax foundation sheet", "stainless honey extractor", "smoker bellows leather"]
    assert parse(pdf([parts * 6]), None, IngestOptions()).text


def test_too_many_pages_are_refused():
    with pytest.raises(TooLargeError, match="at most 2 pages, got 3"):
        parse(pdf(PAGES), None, IngestOptions(max_pages=2))


def test_too_much_text_is_refused():
    with pytest.raises(TooLargeError, match="at most 100 characters"):
        parse(pdf(PAGES), None, IngestOptions(max_characters=100))


def test_a_page_tree_that_contains_itself_is_refused():
    loop = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000>>"]
    with pytest.raises((TooLargeError, CorruptError)):
        parse(assembled(loop), None, IngestOptions())
