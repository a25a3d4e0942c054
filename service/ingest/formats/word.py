"""DOCX: paragraphs, lists, tables, text boxes and notes in reading order; heading styles open sections."""

import re
from collections.abc import Callable, Iterable, Mapping

from lxml import etree

from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.ooxml import Package
from service.ingest.formats.paragraphs import Paragraph, ParagraphWriter
from service.ingest.formats.safe_xml import may_be_thinned
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TEXT, _STYLE, _OUTLINE, _NUMBERED, _TABLE, _ROW, _CELL, _VALUE, _NAME, _BASE = (
    _WORD + name for name in ("p", "t", "pStyle", "outlineLvl", "numPr", "tbl", "tr", "tc", "val", "name", "basedOn")
)
_DEFINED, _ID = _WORD + "style", _WORD + "styleId"
_FORMULA = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
# Struck out, moved away, or a picture of the text box that stands beside it.
_SKIPPED = frozenset(
    {_WORD + "del", _WORD + "moveFrom", "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_OPENING: dict[str, Callable[[ParagraphWriter], None]] = {
    _PARAGRAPH: ParagraphWriter.open_paragraph,
    _TABLE: ParagraphWriter.open_table,
    _ROW: lambda _: None,
    _CELL: ParagraphWriter.open_cell,
}
_CLOSING: dict[str, Callable[[ParagraphWriter], None]] = {
    _PARAGRAPH: ParagraphWriter.close_paragraph,
    _TABLE: ParagraphWriter.close_table,
    _ROW: ParagraphWriter.close_row,
    _CELL: lambda _: None,
}
_BLOCKS = frozenset(_OPENING)
_SIGNS = {_WORD + "tab": "\t", _WORD + "br": "\n", _WORD + "cr": "\n", _WORD + "noBreakHyphen": "-"}
_SEEN = (_TEXT, _FORMULA, *_SIGNS, *_BLOCKS, _STYLE, _OUTLINE, _NUMBERED)
"""The elements that matter; most others say how the text looks."""
_HEADING = re.compile(r"heading ([1-9])$")
_OUTLINES = frozenset("012345678")
_TITLE = -1
"""Level of the title's style."""
_NOTES = ("footnotes", "endnotes")
# How a run looks, as one element of empty ones, and the end of a run's text where that of another one follows. Without
# them half of the elements are left, of the same text in the same order. Only attributes without surprises count.
_ATTRIBUTES = rb"""(?: w:\w++="[^"<>]*+")*+ ?+"""
_LOOKS = re.compile(rb"<w:rPr>(?:<w:\w++%b/>)*+</w:rPr>" % _ATTRIBUTES)
_GOES_ON = re.compile(rb"""</w:t></w:r><w:r%b><w:t(?: xml:space="preserve")?+>""" % _ATTRIBUTES)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text, its notes at the end.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    package = Package(content, options)
    main = package.main()
    links = list(package.links(main, "styles", *_NOTES))
    levels = _levels(package.root(link.part, _thinned) for link in links if link.kind == "styles")
    builder = DocumentBuilder(options.max_characters)
    title = None
    for part in (main, *(link.part for link in links if link.kind in _NOTES)):
        writer = ParagraphWriter(builder, options.max_nesting)
        title = _write(package.root(part, _thinned), writer, levels) or title
    properties = package.properties
    return builder.build(properties.title or title, properties.language, properties.metadata)


def _thinned(content: bytes) -> bytes:
    """Return the XML of a part without what makes no difference to its text."""
    return _GOES_ON.sub(b"", _LOOKS.sub(b"", content)) if may_be_thinned(content) else content


def _levels(roots: Iterable[etree._Element]) -> Mapping[str, int]:
    """Return the level of each style that makes a heading, or a style that is based on one."""
    levels: dict[str, int] = {}
    bases: dict[str, str] = {}
    for style_id, said in _styles(roots):
        name = said.get(_NAME, "").lower()
        heading = _HEADING.match(name)
        if name == "title":
            levels[style_id] = _TITLE
        elif level := int(heading[1]) if heading else _level(said.get(_OUTLINE, "")):
            levels[style_id] = level
        elif base := said.get(_BASE):
            bases[style_id] = base
    for style_id in bases:
        base, seen = style_id, set()
        while base in bases and base not in seen:
            seen.add(base)
            base = bases[base]
        if base in levels:
            levels[style_id] = levels[base]
    return levels


def _styles(roots: Iterable[etree._Element]) -> list[tuple[str, dict[str, str]]]:
    """Return the name, base and outline of each style."""
    styles: list[tuple[str, dict[str, str]]] = []
    said: dict[str, str] = {}
    for root in roots:
        for each in root.iter(_DEFINED, _NAME, _BASE, _OUTLINE):
            if each.tag == _DEFINED:
                said = {}
                styles.append((each.get(_ID, ""), said))
            else:
                said[each.tag] = _value(each)
    return styles


def _value(element: etree._Element) -> str:
    return str(element.get(_VALUE, ""))


def _level(outline: str) -> int:
    """Return the level of a heading; 0 for running text."""
    return int(outline) + 1 if outline in _OUTLINES else 0


def _write(root: etree._Element, writer: ParagraphWriter, levels: Mapping[str, int]) -> str | None:
    """Write all below an element; return the text of a paragraph in the title's style.

    The elements come without their ends, which takes a third of the time. A block has ended when the next one is not
    inside it; the other elements need that look only while paragraphs are in paragraphs.
    """
    for element in list(root.iter(*_SKIPPED)):
        element.clear()
    title = None
    blocks = [root]
    paragraph: Paragraph | None = None
    nested = False
    for element in root.iterdescendants(*_SEEN):
        tag = element.tag
        if nested or tag in _BLOCKS:
            around = element.getparent()
            while around not in blocks:
                around = around.getparent()
            while blocks[-1] is not around:
                title = _closed(blocks.pop(), writer, title)
            if tag in _BLOCKS:
                blocks.append(element)
                _OPENING[tag](writer)
            paragraph = writer.current
            nested = writer.nested or (paragraph is not None and blocks[-1].tag != _PARAGRAPH)
        if paragraph is not None and tag not in _BLOCKS:
            if tag in (_TEXT, _FORMULA):
                paragraph.parts.append(element.text or "")
            else:
                _describe(paragraph, element, levels)
    while len(blocks) > 1:
        title = _closed(blocks.pop(), writer, title)
    return title


def _closed(block: etree._Element, writer: ParagraphWriter, title: str | None) -> str | None:
    """End a block; return the title, or its text when it is the first paragraph in the title's style."""
    tag, paragraph = block.tag, writer.current
    if paragraph is not None and paragraph.level == _TITLE and tag == _PARAGRAPH:
        paragraph.level = 1
        title = title or " ".join("".join(paragraph.parts).split())
    _CLOSING[tag](writer)
    return title


def _describe(paragraph: Paragraph, element: etree._Element, levels: Mapping[str, int]) -> None:
    """Note what an element says about the paragraph that it is in, or the sign that it stands for."""
    if element.tag == _STYLE:
        style = _value(element)
        paragraph.level = levels.get(style, 0)
        paragraph.item = paragraph.item or style.lower().startswith("list")
    elif element.tag == _OUTLINE:
        paragraph.level = _level(_value(element))
    elif element.tag == _NUMBERED:
        paragraph.item = True
    else:
        paragraph.parts.append(_SIGNS[element.tag])
