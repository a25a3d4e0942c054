import subprocess
import sys

import pytest
from hypothesis import given, settings, strategies as st

from service.errors import TooLargeError
from service.ingest.formats.markdown import headings_of, parse
from service.ingest.options import MIB, IngestOptions
from service.ingest.parsed import Heading
from tests.unit.ingest.builders import prepared

HEADINGS = st.sampled_from(
    [("# One", 1, "One"), ("## Two ##", 2, "Two"), ("#\ttab", 1, "tab"), ("  ### in", 3, "in"), ("#", 1, ""),
     ("Bees\n===", 1, "Bees"), ("two\nlines\n---", 2, "two lines"), ("## *em* `x` [l](u) \\#", 2, "em x l #")]
)  # fmt: skip
OTHERS = st.sampled_from(
    ["text", "#no", "####### seven", "\\# no", "- item\n\n  # in a list", "> # quoted", "    # code", "1. # item",
     "```\n# fenced\n```", "~~~\n# fenced\n~~~", "<div>\n# raw\n</div>", "---", "<h1>raw</h1>",
     '<h1 data-sourcepos="1:1-1:9">forged</h1>', '&lt;h1 data-sourcepos="1:1-1:9"&gt;']
)  # fmt: skip
BLOCKS = st.lists(HEADINGS | OTHERS, max_size=12)


def titles(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in headings_of(text)]


def test_a_hash_in_a_code_fence_is_no_heading():
    text = "# Install\n\n```sh\n# apt-get update\n```\n\n    # indented code\n\n## Next\n"
    assert titles(text) == [(1, "Install"), (2, "Next")]


def test_underlined_and_closed_headings_count():
    assert titles("Bees\n====\n\ntext\n\nHives\n---\n\n### Wax ###\n") == [(1, "Bees"), (2, "Hives"), (3, "Wax")]


def test_a_title_is_shown_without_markup():
    assert titles("# The **queen** in `her` [hive](http://x/y) is_here\n") == [(1, "The queen in her hive is_here")]


@given(BLOCKS)
@settings(max_examples=300, deadline=None)
def test_headings_at_top_level_are_found_where_they_stand_and_nothing_else_is(blocks):
    text = ""
    expected = []
    for block in blocks:
        if isinstance(block, tuple):
            source, level, title = block
            expected.append(Heading(len(text), level, title))
        else:
            source = block
        # The comment ends a list, which would take an indented block in.
        text += f"{source}\n\n<!-- -->\n\n"
    assert headings_of(text) == expected


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("# ![Bees & *hives*](logo.png)", "Bees & hives"),
        ("# Bees <b>and</b> honey <!-- ? -->", "Bees and honey"),
        ("Bees  \nand\\\nhoney\n===", "Bees and honey"),
        ("# &amp;&#x41; \\* &nope;", "&A * &nope;"),
        ("# 蜂箱 `x  y`", "蜂箱 x y"),
        ("# <https://a.example> [b][c]\n\n[c]: /u", "https://a.example b"),
        ("# " + "bees " * 100, ("bees " * 100)[:200]),
    ],
)
def test_a_title_is_what_a_reader_sees_on_one_line(source, title):
    assert titles(source) == [(1, title)]


def test_headings_stand_where_they_are_whatever_the_characters_before_them():
    text = "蜂🐝é\n\n# Één\n\nhøney 蜜\n\n> 蜂\n\n  ## 二\n"
    assert [text[each.offset :].partition("\n")[0] for each in headings_of(text)] == ["# Één", "  ## 二"]


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


@pytest.mark.parametrize(
    "line",
    [
        "> " * 8000,
        "- " * 8000,
        "a\n=\n" * 4000,
        "[a]: " * 4000,
        "```\n" * 5000,
        "![" * 8000,
        "[a](" * 5000,
        "*a _b " * 3000,
        "`" * 8000,
        "a`" * 8000,
        "<!--" * 4000,
        "&" * 16000,
        "[a]: /u\n" * 2000,
        f"[a]: /{'u' * 8000}\n\n" + "[a]" * 3000,
        "\n".join(">" * depth for depth in range(180)),
        "\n".join("  " * depth + "- a" for depth in range(120)),
        " ".join("`" * length for length in range(180)),
    ],
)
@pytest.mark.timeout(10)
def test_hostile_markdown_takes_no_hostile_time(line):
    prepared(f"Bees\n\n{line}", "text/markdown")


@pytest.mark.parametrize("length", [7_900, 4_000_000])
@pytest.mark.timeout(10)
def test_a_long_field_of_the_front_matter_takes_no_hostile_time(length):
    # The short ones many times: what takes a tenth of a second holds up the service as well
    for filling in (" ", "\t'", "y", "' ") * max(1, 400_000 // length):
        inner = filling * (length // len(filling))
        assert parse(f"---\ntitle: x{inner}y\n---\nBees\n".encode(), None, IngestOptions()).title == f"x{inner}y"
        assert parse(f"---\ntitle: {inner}\n---\nBees\n".encode(), None, IngestOptions()).text.endswith("Bees\n")


def test_too_much_text_is_refused_before_it_is_parsed():
    # Two million headings, for which the parser alone would need half a gigabyte
    with pytest.raises(TooLargeError, match="at most 1000 characters of text, got 4000000"):
        parse(b"#\n" * 2_000_000, None, IngestOptions(max_characters=1000))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_nothing_of_a_document_stays_in_memory():
    program = """
from service.ingest.formats.markdown import parse
from service.ingest.options import IngestOptions
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096
text = ("# Bees & <hives>\\n\\n> *The* `bees` are in the ![hive](a.png).\\n\\n" * 150).encode()
for _ in range(200):
    parse(text, None, IngestOptions())
before = resident()
for _ in range(1000):
    parse(text, None, IngestOptions())
print(resident() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # A thousand documents of eight kilobytes; the heap has some play
    assert int(done.stdout) < 4 * MIB


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: Bees", "Bees"),
        ("title:\t\"Bees: a 'life'\"  ", "Bees: a 'life'"),
        ("title: ' Bees '", "Bees"),
        ("title: it's", "it's"),
        ("title: [a, b]", None),
        ("title:  [a, b]", None),
        ("title: ''", None),
        ("title:   ", None),
        ("title: |", None),
        ("title:Bees", None),
        (" title: Bees", None),
    ],
)
def test_a_plain_field_of_the_front_matter_is_read_without_its_quotes(line, title):
    assert parse(f"---\n{line}\n---\n\nBees.\n".encode(), None, IngestOptions()).title == title


def test_front_matter_gives_title_author_and_language_and_is_no_heading():
    front = "---\ntitle: 'The Apiary'\nauthor: Ada Keeper\nlang: en-GB\ntags: [bees]\n---\n"
    read = parse(f"{front}\n# Bees\n\nfly.\n".encode(), None, IngestOptions())
    assert (read.title, read.language, read.metadata) == ("The Apiary", "en-GB", {"author": "Ada Keeper"})
    assert [each.path for each in read.sections] == [(), ("Bees",)]
    assert read.text[read.sections[1].start :] == "# Bees\n\nfly.\n"


@pytest.mark.parametrize(("between", "indent"), [("", ""), ("  ", "  "), ("\n", ""), ("蜂\n\n ", " ")])
def test_a_heading_behind_front_matter_stands_where_it_is(between, indent):
    read = parse(f"---\ntitle: 蜂\n---\n{between}# Bees\n".encode(), None, IngestOptions())
    assert [read.text[each.start :] for each in read.sections if each.path] == [f"{indent}# Bees\n"]


@pytest.mark.parametrize("text", ["---\n\nBees\n", "---\n", "Bees\n---\n", "---\ntitle: a", "----\na: b\n----\n"])
def test_a_line_of_hyphens_is_no_front_matter(text):
    assert parse(text.encode(), None, IngestOptions()).metadata == {}
