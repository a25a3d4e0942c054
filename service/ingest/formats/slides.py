"""PPTX: slide by slide the title, the text and tables of all shapes, and the speaker's notes."""

from collections.abc import Iterator

from lxml import etree

from service.errors import CorruptError, TooLargeError, UnsafeError
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.ooxml import Package
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHAPE, _GROUP, _FRAME = (_SLIDE + name for name in ("sp", "grpSp", "graphicFrame"))
_SHAPES = f"{_SLIDE}cSld/{_SLIDE}spTree"
_TEXT, _BREAK, _PARAGRAPH, _ROW, _CELL = (_DRAWING + name for name in ("t", "br", "p", "tr", "tc"))
_TABLE = f"{_DRAWING}graphic/{_DRAWING}graphicData/{_DRAWING}tbl"


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the text of all slides that are shown; a slide is a page.

    Raises:
        PermanentError: the file is damaged, encrypted, too large or unsafe; the type says which.

    """
    package = Package(content, options)
    builder = DocumentBuilder(options.max_characters)
    slides = _slides(package)
    if len(slides) > options.max_pages:
        msg = f"expected a presentation of at most {options.max_pages} slides, got {len(slides)}"
        raise TooLargeError(msg)
    for number, part in enumerate(slides, 1):
        slide = package.root(part)
        if slide.get("show") not in ("0", "false"):
            builder.page(number)
            _write(slide, builder, options.max_nesting)
            _write_notes(package, part, builder)
    properties = package.properties
    return builder.build(properties.title, properties.language, properties.metadata)


def _slides(package: Package) -> list[str]:
    """Return the names of the slides in their order, which their names do not tell."""
    main = package.main()
    parts = {link.id: link.part for link in package.links(main, "slide")}
    try:
        return [parts[each.get(_ID, "")] for each in package.root(main).iterfind(f"{_SLIDE}sldIdLst/{_SLIDE}sldId")]
    except KeyError as missing:
        msg = f"expected a presentation that has its slides, got none for {missing}"
        raise CorruptError(msg) from None


def _write(slide: etree._Element, builder: DocumentBuilder, deepest: int) -> None:
    tree = slide.find(_SHAPES)
    if tree is None:
        return
    title = next((shape for shape in tree.iterchildren(_SHAPE) if _placeholder(shape, "idx", "0") == "0"), None)
    if title is not None:
        builder.heading(1, " ".join(_lines(title)))
    for shape in _shapes(tree, deepest):
        if shape is title:
            continue
        if shape.tag == _FRAME:
            for row in shape.iterfind(f"{_TABLE}/{_ROW}"):
                builder.row([" ".join(_lines(cell)) for cell in row.iterchildren(_CELL)])
        else:
            for line in _lines(shape):
                builder.line(line)
        builder.end_block()


def _write_notes(package: Package, slide: str, builder: DocumentBuilder) -> None:
    for link in package.links(slide, "notesSlide"):
        tree = package.root(link.part).find(_SHAPES)
        for shape in () if tree is None else tree.iterchildren(_SHAPE):
            if _placeholder(shape, "type", "obj") == "body":
                if notes := "\n".join(_lines(shape)).strip():
                    builder.paragraph(f"Notes: {notes}")
                return


def _placeholder(shape: etree._Element, attribute: str, default: str) -> str | None:
    """Return what a shape says of the place in the layout that it fills; None when it fills none."""
    place = shape.find(f"{_SLIDE}nvSpPr/{_SLIDE}nvPr/{_SLIDE}ph")
    return None if place is None else place.get(attribute, default)


def _lines(shape: etree._Element) -> Iterator[str]:
    """Yield the paragraphs of a shape or a cell."""
    for body in shape.iterchildren(_SLIDE + "txBody", _DRAWING + "txBody"):
        for paragraph in body.iterchildren(_PARAGRAPH):
            yield "".join("\n" if each.tag == _BREAK else each.text or "" for each in paragraph.iter(_TEXT, _BREAK))


def _shapes(tree: etree._Element, deepest: int) -> Iterator[etree._Element]:
    """Yield the shapes in their order, those of a group in its place."""
    stack = [(tree, 0)]
    while stack:
        shape, depth = stack.pop()
        if depth and shape.tag != _GROUP:
            yield shape
            continue
        if depth > deepest:
            msg = f"expected at most {deepest} groups inside each other, got more"
            raise UnsafeError(msg)
        stack.extend((inner, depth + 1) for inner in shape.iterchildren(_SHAPE, _GROUP, _FRAME, reversed=True))
