"""DOCX: paragraphs, lists, tables, text boxes and notes in reading order; heading styles open sections."""

import io
import re
from collections.abc import Iterator, Mapping

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.part import PartFactory
from docx.oxml.ns import qn
from docx.package import Package
from docx.parts.document import DocumentPart
from lxml import etree

from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
from service.ingest.formats.ooxml import checked, properties_of
from service.ingest.formats.paragraphs import Paragraph, ParagraphWriter
from service.ingest.formats.safe_xml import parse as parse_xml
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

# Documents with macros and templates are documents as well; the macros are not looked at.
for _kind in ("document.macroEnabled.main", "template.macroEnabledTemplate.main"):
    PartFactory.part_type_for[f"application/vnd.ms-word.{_kind}+xml"] = DocumentPart
PartFactory.part_type_for["application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"] = (
    DocumentPart
)

_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_NO_OUTLINE = 9
_TITLE = -1
"""Level of the title's style."""
_PARAGRAPH, _TEXT, _STYLE, _OUTLINE, _NUMBERED = map(qn, ("w:p", "w:t", "w:pStyle", "w:outlineLvl", "w:numPr"))
_TABLE, _ROW, _CELL, _VALUE = map(qn, ("w:tbl", "w:tr", "w:tc", "w:val"))
# Struck out, moved away, or a picture of the text box that stands beside it.
_SKIPPED = frozenset(
    {qn("w:del"), qn("w:moveFrom"), "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_OPENING = {
    _PARAGRAPH: ParagraphWriter.open_paragraph,
    _TABLE: ParagraphWriter.open_table,
    _CELL: ParagraphWriter.open_cell,
}
_CLOSING = {
    _PARAGRAPH: ParagraphWriter.close_paragraph,
    _ROW: ParagraphWriter.close_row,
    _TABLE: ParagraphWriter.close_table,
}
_SIGNS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_NOTES = (RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text, its notes at the end.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = checked(content, options)
    properties = properties_of(archive)
    with reading("DOCX"):
        document = Package.open(io.BytesIO(content)).main_document_part.document
        levels = _levels(document)
        builder = DocumentBuilder(options.max_characters)
        title = None
        for root in _roots(document):
            writer = ParagraphWriter(builder, options.max_nesting)
            title = _write(root, writer, levels) or title
    return builder.build(properties.title or title, properties.language, properties.metadata)


def _roots(document: Document) -> Iterator[etree._Element]:
    yield document.element.body
    for relation in document.part.rels.values():
        if relation.reltype in _NOTES and not relation.is_external:
            yield parse_xml(relation.target_part.blob, "the notes")


def _levels(document: Document) -> Mapping[str, int]:
    """Return the level of each style that makes a heading, or a style that is based on one."""
    levels: dict[str, int] = {}
    bases: dict[str, str] = {}
    for style in document.styles.element.style_lst:
        name = style.name_val or ""
        outline = style.find(f"{qn('w:pPr')}/{_OUTLINE}")
        heading = _HEADING.match(name)
        if name.lower() == "title":
            levels[style.styleId] = _TITLE
        elif heading:
            levels[style.styleId] = int(heading[1])
        elif outline is not None and (level := _outline(outline)):
            levels[style.styleId] = level
        elif style.basedOn_val:
            bases[style.styleId] = style.basedOn_val
    for style_id in bases:
        base, seen = style_id, set()
        while base in bases and base not in seen:
            seen.add(base)
            base = bases[base]
        if base in levels:
            levels[style_id] = levels[base]
    return levels


def _outline(element: etree._Element) -> int:
    value = element.get(_VALUE, "")
    return int(value) + 1 if value.isdecimal() and int(value) < _NO_OUTLINE else 0


def _write(root: etree._Element, writer: ParagraphWriter, levels: Mapping[str, int]) -> str | None:
    """Write all below an element; return the text of a paragraph in the title's style."""
    title = None
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if element.tag in _SKIPPED:
                walk.skip_subtree()
            elif element.tag in _OPENING:
                _OPENING[element.tag](writer)
        elif element.tag == _TEXT:
            writer.text(element.text or "")
        elif element.tag in _SIGNS:
            writer.text(_SIGNS[element.tag])
        elif element.tag in _CLOSING:
            title = title or _title(writer, element.tag)
            _CLOSING[element.tag](writer)
        elif writer.current is not None:
            _describe(writer.current, element, levels)
    return title


def _title(writer: ParagraphWriter, tag: str) -> str | None:
    """Return the text of the paragraph that ends if it is the title; it is a heading then."""
    if tag != _PARAGRAPH or writer.current is None or writer.current.level != _TITLE:
        return None
    writer.current.level = 1
    return " ".join("".join(writer.current.parts).split())


def _describe(paragraph: Paragraph, element: etree._Element, levels: Mapping[str, int]) -> None:
    """Note what an element says about the paragraph that it is in."""
    if element.tag == _STYLE:
        style = element.get(_VALUE, "")
        paragraph.level = levels.get(style, 0)
        paragraph.item = paragraph.item or style.lower().startswith("list")
    elif element.tag == _OUTLINE:
        paragraph.level = _outline(element)
    elif element.tag == _NUMBERED:
        paragraph.item = True
