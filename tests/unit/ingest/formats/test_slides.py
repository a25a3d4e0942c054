"""PPTX."""

import io

import pptx
import pytest
from pptx.util import Inches

from service.errors import CorruptError, TooLargeError
from tests.unit.ingest.formats.builders import parsed, paths, with_member


@pytest.fixture
def presentation():
    return pptx.Presentation()


def saved(presentation) -> bytes:
    packed = io.BytesIO()
    presentation.save(packed)
    return packed.getvalue()


def add(presentation, title: str, text: str = "") -> object:
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = title
    slide.placeholders[1].text = text
    return slide


def test_a_slide_is_a_page_with_its_title_text_tables_and_notes(presentation):
    first = add(presentation, "The Apiary", "Bees\nHives")
    cells = first.shapes.add_table(2, 2, 0, 0, Inches(4), Inches(1)).table
    for (row, column), text in {(0, 0): "Hive", (0, 1): "Frames", (1, 0): "Oak", (1, 1): "12"}.items():
        cells.cell(row, column).text = text
    first.notes_slide.notes_text_frame.text = "Speak slowly."
    add(presentation, "Honey", "Sweet.")
    read = parsed(saved(presentation))
    assert read.title == "The Apiary"
    assert read.text == (
        "# The Apiary\n\nBees\nHives\n\n| Hive | Frames |\n| Oak | 12 |\n\nNotes: Speak slowly.\n\n# Honey\n\nSweet."
    )
    assert paths(read) == [("The Apiary", "# The Apiary", 1), ("Honey", "# Honey", 2)]


def test_shapes_in_groups_are_read_in_their_place(presentation):
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    for text in ("before", "after"):
        if text == "after":
            group = slide.shapes.add_group_shape()
            inner = group.shapes.add_group_shape()
            inner.shapes.add_textbox(0, 0, 1, 1).text_frame.text = "inside"
        slide.shapes.add_textbox(0, 0, 1, 1).text_frame.text = text
    read = parsed(saved(presentation))
    assert read.text == "before\n\ninside\n\nafter"
    assert paths(read) == [("", "before", 1)]


def test_a_hidden_slide_is_not_read_and_the_others_keep_their_numbers(presentation):
    add(presentation, "Hidden")._element.set("show", "0")
    add(presentation, "Shown")
    assert paths(parsed(saved(presentation))) == [("Shown", "# Shown", 2)]


def test_more_slides_than_pages_are_allowed_are_refused(presentation):
    for number in range(3):
        add(presentation, f"Slide {number}")
    with pytest.raises(TooLargeError, match="at most 2 slides, got 3"):
        parsed(saved(presentation), max_pages=2)


def test_a_presentation_that_misses_a_slide_is_corrupt(presentation):
    add(presentation, "Bees")
    whole = saved(presentation)
    with pytest.raises(CorruptError, match="rId"):
        parsed(with_member(whole, "ppt/_rels/presentation.xml.rels", "<Relationships/>"))
