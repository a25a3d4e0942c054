import pytest
from hypothesis import given, settings, strategies as st

from service.ingest.formats.markdown import headings_of, parse, parsed_headings
from service.ingest.options import IngestOptions
from tests.unit.ingest.builders import prepared

LINES = st.sampled_from(
    [
        "# One",
        "## Two ##",
        "###",
        "#no",
        "# ",
        "####### seven",
        "text",
        "",
        "- item",
        "> # quoted",
        "  # in",
        "    # code",
        "```",
        "~~~",
        "===",
        "---",
        "<div>",
        "</div>",
        "#\ttab",
        "## *em* `x` [l](u)",
        "\\# no",
        "1. # item",
        "a # b #",
        "# #",
    ]
)


def titles(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in headings_of(text)]


def test_a_hash_in_a_code_fence_is_no_heading():
    text = "# Install\n\n```sh\n# apt-get update\n```\n\n    # indented code\n\n## Next\n"
    assert titles(text) == [(1, "Install"), (2, "Next")]


def test_underlined_and_closed_headings_count():
    assert titles("Bees\n====\n\ntext\n\nHives\n---\n\n### Wax ###\n") == [(1, "Bees"), (2, "Hives"), (3, "Wax")]


def test_a_title_is_shown_without_markup():
    assert titles("# The **queen** in `her` [hive](http://x/y) is_here\n") == [(1, "The queen in her hive is_here")]


@given(st.lists(LINES, max_size=12).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_the_short_way_to_the_headings_agrees_with_the_parser(text):
    assert headings_of(text) == parsed_headings(text)


def test_sections_carry_the_path_of_their_headings_and_cover_the_source():
    text = "intro\n\n# A\n\na\n\n## B\n\nb\n\n## C\n\nc\n\n# D\n\nd\n"
    document = parse(text.encode(), None, IngestOptions())
    assert document.title == "A"
    assert [section.path for section in document.sections] == [(), ("A",), ("A", "B"), ("A", "C"), ("D",)]
    assert "".join(text[section.start : section.end] for section in document.sections) == text
    assert text[document.sections[2].start :].startswith("## B")


def test_the_heading_of_a_chunk_is_its_path():
    body = "Bees fly far. " * 80
    chunks = prepared(f"# Bees\n\n{body}\n\n## Honey\n\n{body}", "text/markdown").chunks
    assert [chunk.heading for chunk in chunks] == ["Bees", "Bees > Honey"]


@pytest.mark.parametrize("line", ["> " * 8000, "- " * 8000, "a\n=\n" * 4000, "[a]: " * 4000, "```\n" * 5000])
@pytest.mark.timeout(10)
def test_hostile_markdown_takes_no_hostile_time(line):
    prepared(f"Bees\n\n{line}", "text/markdown")


def test_front_matter_gives_title_author_and_language_and_is_no_heading():
    front = "---\ntitle: 'The Apiary'\nauthor: Ada Keeper\nlang: en-GB\ntags: [bees]\n---\n"
    read = parse(f"{front}\n# Bees\n\nfly.\n".encode(), None, IngestOptions())
    assert (read.title, read.language, read.metadata) == ("The Apiary", "en-GB", {"author": "Ada Keeper"})
    assert [each.path for each in read.sections] == [(), ("Bees",)]
    assert read.text[read.sections[1].start :] == "# Bees\n\nfly.\n"


@pytest.mark.parametrize("text", ["---\n\nBees\n", "---\n", "Bees\n---\n", "---\ntitle: a", "----\na: b\n----\n"])
def test_a_line_of_hyphens_is_no_front_matter(text):
    assert parse(text.encode(), None, IngestOptions()).metadata == {}
