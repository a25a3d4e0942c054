import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from service.errors import TooLargeError
from service.ingest.parsed import Heading, ParsedDocument, sections_of
from service.ingest.split import split

SIZE = 300
WORDS = "bee hive honey queen worker drone nectar pollen brood comb the of and in is to".split()  # noqa: SIM905


def plain(text: str) -> ParsedDocument:
    return ParsedDocument(text, None, sections_of(len(text), []))


def texts_of(text: str, size: int = SIZE) -> list[str]:
    return [text[span.start : span.end] for span in split(plain(text), size, 10_000)]


def paragraph(chance: random.Random) -> str:
    """Return a paragraph of 2 to 7 sentences, 60 to 500 characters."""
    sentences = [
        " ".join(chance.choices(WORDS, k=chance.randint(5, 14))).capitalize() + "." for _ in range(chance.randint(2, 7))
    ]
    return " ".join(sentences)


anything = st.text(alphabet=st.sampled_from("ab .!\n，。！蜂 蜜\t#"), max_size=3000)


@given(anything, st.integers(20, 400))
@settings(max_examples=150, deadline=None)
def test_chunks_hold_every_character_but_white_space_once_and_in_order(text, size):
    spans = split(plain(text), size, 10_000)
    assert "".join("".join(text[span.start : span.end].split()) for span in spans) == "".join(text.split())
    assert all(left.end <= right.start for left, right in pairwise(spans))


@given(anything, st.integers(20, 400))
@settings(max_examples=150, deadline=None)
def test_no_chunk_is_empty_too_long_or_begins_or_ends_with_white_space(text, size):
    for chunk in texts_of(text, size):
        assert 0 < len(chunk) <= size
        assert chunk == chunk.strip()


def test_a_text_that_fits_is_one_chunk():
    text = "# Bees\n\nThey fly.\n\n# Hives\n\nThey stand."
    assert texts_of(text) == [text]


def test_a_chunk_ends_where_a_paragraph_ends():
    chance = random.Random(1)
    paragraphs = [paragraph(chance)[:250].strip() for _ in range(20)]
    chunks = texts_of("\n\n".join(paragraphs))
    assert all(any(chunk.endswith(each) for each in paragraphs) for chunk in chunks)


def test_a_long_paragraph_is_cut_between_sentences():
    chance = random.Random(2)
    chunks = texts_of(" ".join(paragraph(chance) for _ in range(10)))
    assert len(chunks) > 5
    assert all(chunk.endswith(".") for chunk in chunks)


def test_chinese_is_cut_at_its_own_full_stops():
    sentences = [
        "工蜂把花蜜吐进巢房，用翅膀扇风。",
        "蜂王在哪里？",
        "“蜂群要分蜂了！”",
        "等到封盖；蜂蜜才算成熟……",
        "蜜蜂冬天不冬眠。",
    ]
    chance = random.Random(3)
    text = "".join(chance.choice(sentences) for _ in range(100))
    chunks = texts_of(text, 100)
    assert len(chunks) > 5
    assert all(chunk[-1] in "。？！；…”" and chunk[0] not in "”。" for chunk in chunks)
    assert "".join(chunks) == text


def test_a_heading_begins_a_chunk_and_never_ends_one():
    chance = random.Random(4)
    text, headings = "", []
    for number in range(30):
        headings.append(Heading(len(text), 1 + number % 2, f"Part {number}"))
        text += f"Part {number}\n\n{paragraph(chance)}\n\n{paragraph(chance)}\n\n"
    spans = split(ParsedDocument(text, None, sections_of(len(text), headings)), SIZE, 1000)
    chunks = [text[span.start : span.end] for span in spans]
    assert not any(chunk.splitlines()[-1].startswith("Part") for chunk in chunks)
    assert sum(chunk.startswith("Part") for chunk in chunks) >= 20


def test_small_sections_share_a_chunk_under_their_common_heading():
    text = "Bees\n\nA\n\nshort\n\nB\n\nshort"
    headings = [Heading(0, 1, "Bees"), Heading(6, 2, "A"), Heading(16, 2, "B")]
    (span,) = split(ParsedDocument(text, None, sections_of(len(text), headings)), SIZE, 10)
    assert span.path == ("Bees",)


@given(st.integers(0, 10**6), st.sampled_from(["replace", "extend", "remove", "insert"]))
@settings(max_examples=100, deadline=None)
def test_an_edit_changes_only_the_chunks_around_it(seed, edit):
    # Given a document of ordinary paragraphs
    chance = random.Random(seed)
    paragraphs = [paragraph(chance) for _ in range(chance.randint(20, 60))]
    before = texts_of("\n\n".join(paragraphs), 1200)
    # When one paragraph is edited
    at = chance.randrange(len(paragraphs))
    new = {
        "replace": [paragraph(chance)],
        "extend": [paragraphs[at] + " One sentence more."],
        "remove": [],
        "insert": [paragraph(chance), paragraphs[at]],
    }[edit]
    after = texts_of("\n\n".join(paragraphs[:at] + new + paragraphs[at + 1 :]), 1200)
    # Then nearly all chunks are the same: cuts that are further away than a chunk do not move.
    changed = (Counter(after) - Counter(before)).total()
    assert changed <= 8


def test_a_typical_edit_changes_one_or_two_chunks():
    chance = random.Random(5)
    changes = []
    for _ in range(200):
        paragraphs = [paragraph(chance) for _ in range(40)]
        before = texts_of("\n\n".join(paragraphs), 1200)
        paragraphs[chance.randrange(40)] = paragraph(chance)
        changes.append((Counter(texts_of("\n\n".join(paragraphs), 1200)) - Counter(before)).total())
    changes.sort()
    assert changes[100] <= 2
    assert changes[180] <= 3
    assert changes[196] <= 4


@pytest.mark.parametrize(
    "unit",
    ["a", "。", ".", "\n", " ", "\n\n", ".)", "a. ", "a\n\n", "蜂", "!?", "\n \n", "A.\n\nB", '."', ". " * 50, "\t\n"],
    ids=repr,
)
@pytest.mark.timeout(20)
def test_hostile_text_takes_linear_time(unit):
    text = unit * (300_000 // len(unit))
    assert all(span.end - span.start <= 1200 for span in split(plain(text), 1200, 1_000_000))


def test_more_chunks_than_allowed_are_refused_with_the_limit_and_the_number():
    with pytest.raises(TooLargeError, match="at most 2 chunks, got 3;"):
        split(plain("\n\n".join(["a" * 190] * 3)), SIZE, 2)


def test_a_text_that_cannot_fit_is_refused_before_it_is_cut():
    with pytest.raises(TooLargeError, match="at least 33333"):
        split(plain("a" * 10_000_000), SIZE, 3)


def rows(chance: random.Random, number: int) -> list[str]:
    return [f"| {' | '.join(chance.choices(WORDS, k=8))} | {chance.randint(0, 9999)} |" for _ in range(number)]


SHAPES = {
    # What a format makes of a document, by the unit that an edit changes and what stands between two units.
    "paragraphs": (lambda chance, number: [paragraph(chance) for _ in range(number)], "\n\n"),
    "one paragraph of sentences": (
        lambda chance, number: [" ".join(chance.choices(WORDS, k=12)).capitalize() + "." for _ in range(number)],
        " ",
    ),
    "rows of a table": (rows, "\n"),
    "rows with a common beginning": (
        lambda chance, number: [
            f"| Measuring station at the outer mole of the harbour {row}" for row in rows(chance, number)
        ],
        "\n",
    ),
    "lines with a common beginning": (
        lambda chance, number: [
            f"apiary.hives.inspections.weight_of_the_upper_box_in_grams: {chance.randint(0, 99999)}"
            for _ in range(number)
        ],
        "\n",
    ),
    "lines without a full stop": (
        lambda chance, number: [" ".join(chance.choices(WORDS, k=9)) for _ in range(number)],
        "\n",
    ),
    "Chinese sentences": (
        lambda chance, number: ["".join(chance.choices("蜂蜜花巢王房春夏秋冬采", k=30)) + "。" for _ in range(number)],
        "",
    ),
    "Thai phrases": (lambda chance, number: ["".join(chance.choices("ผงกรนมดตคพ", k=25)) for _ in range(number)], " "),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("overlap", [0, 100])
@given(seed=st.integers(0, 10**6), edit=st.sampled_from(["replace", "remove", "insert"]))
@settings(max_examples=15, deadline=None)
def test_an_edit_of_any_shape_of_text_changes_only_the_chunks_around_it(shape, overlap, seed, edit):
    # Given a text of a hundred units, however they are separated
    chance = random.Random(seed)
    make, between = SHAPES[shape]
    units = make(chance, 150)
    before = spans_of(between.join(units), overlap)
    # When one of them is edited
    at = chance.randrange(len(units))
    new = {"replace": make(chance, 1), "remove": [], "insert": [*make(chance, 1), units[at]]}[edit]
    after = spans_of(between.join(units[:at] + new + units[at + 1 :]), overlap)
    # Then the chunks that changed are a handful around it, wherever in the text it is
    changed = (Counter(after) - Counter(before)).total()
    assert changed <= 9
    assert len(after) > 12


def spans_of(text: str, overlap: int) -> list[str]:
    return [text[span.start : span.end] for span in split(plain(text), SIZE, 10_000, overlap)]


@given(anything, st.integers(40, 400), st.integers(1, 300))
@settings(max_examples=150, deadline=None)
def test_with_overlap_chunks_stay_within_their_size_and_cover_the_text(text, size, overlap):
    spans = split(plain(text), size, 10_000, overlap)
    covered = set()
    for span in spans:
        assert 0 < span.end - span.start <= size
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        covered |= set(range(span.start, span.end))
    assert all(character.isspace() for at, character in enumerate(text) if at not in covered)
    assert all(left.start < right.start and left.end < right.end for left, right in pairwise(spans))


def test_an_overlap_repeats_whole_sentences_of_the_chunk_before():
    chance = random.Random(6)
    text = " ".join(paragraph(chance) for _ in range(10))
    spans = split(plain(text), 600, 1000, 200)
    repeated = [text[right.start : left.end] for left, right in pairwise(spans) if right.start < left.end]
    assert len(repeated) > len(spans) // 2
    assert all(each[0].isupper() and each.endswith(".") and len(each) <= 200 for each in repeated)


def test_an_overlap_does_not_reach_back_over_a_heading():
    chance = random.Random(7)
    text, headings = "", []
    for number in range(10):
        headings.append(Heading(len(text), 1, f"Part {number}"))
        text += f"Part {number}\n\n" + "\n\n".join(paragraph(chance) for _ in range(6)) + "\n\n"
    for span in split(ParsedDocument(text, None, sections_of(len(text), headings)), 500, 1000, 200):
        assert "Part" not in text[span.start + 1 : span.end] or text[span.start :].startswith("Part")
