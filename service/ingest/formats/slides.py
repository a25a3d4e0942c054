"""PPTX: slide by slide the title, the text and tables of all shapes, and the speaker's notes."""

import io
from collections.abc import Iterator
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.slide import Slide

from service.errors import TooLargeError, UnsafeError
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
from service.ingest.formats.ooxml import checked, properties_of
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text of all slides that are shown; a slide is a page.

    Raises:
        PermanentError: the file is damaged, encrypted, too large or unsafe; the type says which.

    """
    properties = properties_of(checked(content, options))
    builder = DocumentBuilder(options.max_characters)
    with reading("PPTX"):
        slides = Presentation(io.BytesIO(content)).slides
        if len(slides) > options.max_pages:
            msg = f"expected a presentation of at most {options.max_pages} slides, got {len(slides)}"
            raise TooLargeError(msg)
        for number, slide in enumerate(slides, 1):
            if slide.element.get("show") != "0":
                builder.page(number)
                _write(slide, builder, options.max_nesting)
    return builder.build(properties.title, properties.language, properties.metadata)


def _write(slide: Slide, builder: DocumentBuilder, deepest: int) -> None:
    title = slide.shapes.title
    if title is not None:
        builder.heading(1, title.text_frame.text.replace("\v", " "))
    for shape in _shapes(slide, deepest):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            for row in shape.table.rows:
                builder.row(cell.text for cell in row.cells)
            builder.end_block()
        elif shape.has_text_frame:
            for paragraph in shape.text_frame.paragraphs:
                builder.line(paragraph.text.replace("\v", "\n"))
            builder.end_block()
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None and notes.text.strip():
        builder.paragraph(f"Notes: {notes.text}")


def _shapes(slide: Slide, deepest: int) -> Iterator[Any]:
    """Yield the shapes in their order, those of a group in its place."""
    stack: list[tuple[Any, int]] = [(shape, 1) for shape in reversed(list(slide.shapes))]
    while stack:
        shape, depth = stack.pop()
        if shape.shape_type != MSO_SHAPE_TYPE.GROUP:
            yield shape
            continue
        if depth >= deepest:
            msg = f"expected at most {deepest} groups inside each other, got more"
            raise UnsafeError(msg)
        stack.extend((inner, depth + 1) for inner in reversed(list(shape.shapes)))
