"""HTML and XHTML: what a reader sees, with headings, lists, tables and preformatted text; menus and scripts dropped."""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from service.documents import Scalar
from service.errors import UnsafeError
from service.ingest.charsets import decode
from service.ingest.formats.html_attributes import attributes_of
from service.ingest.formats.html_depth import depth_of
from service.ingest.formats.html_empty import closed
from service.ingest.formats.html_text import TextWriter
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument, sections_of

_DROPPED = (
    "script,style,noscript,template,svg,math,iframe,object,canvas,nav,aside,footer,form,button,select,dialog,"
    "[hidden],[aria-hidden=true]"
)
_LANGUAGE = re.compile(rb"""<html\b[^>]{0,500}?\slang\s*=\s*["']?([A-Za-z0-9-]{1,40})""", re.IGNORECASE)
_HEAD = 4096
_LONGEST = 500
_MOST_ATTRIBUTES = 1000
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_PARAGRAPHS = frozenset({"p", "table", "blockquote", "ul", "ol", "dl", "figure"})
_LINE_NAMES = (
    "div section article main header figcaption dt dd thead tbody tfoot caption address details summary fieldset hr "
    "center body br"
)
_LINES = frozenset(_LINE_NAMES.split())
_MARKS = {"li": "- ", "tr": "| "}
_CELLS = frozenset({"td", "th"})
_STRUCTURE = frozenset({*_HEADINGS, *_PARAGRAPHS, *_LINES, *_MARKS, *_CELLS, "pre"})


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the page's text with its headings as sections.

    Raises:
        TooLargeError: it has too much text.
        UnsafeError: the page is nested deeper than any real one, or a tag of it has more attributes.

    """
    source = closed(decode(content, charset, html=True))
    # Before the parser runs, because its time is quadratic in both.
    if depth_of(source, options.max_nesting) > options.max_nesting:
        msg = f"expected HTML of at most {options.max_nesting} elements inside each other, got more"
        raise UnsafeError(msg)
    if attributes_of(source, _MOST_ATTRIBUTES) > _MOST_ATTRIBUTES:
        msg = f"expected HTML of at most {_MOST_ATTRIBUTES} attributes in a tag, got more"
        raise UnsafeError(msg)
    tree = LexborHTMLParser(source)
    found = tree.css_first("title")
    title = " ".join(found.text().split()) if found else ""
    writer = TextWriter(options.max_characters)
    if tree.body is not None:
        # Skipped, not taken out of the tree: they nest, and what is freed with its parent must not be freed again.
        dropped = {node.mem_id for node in tree.body.css(_DROPPED)} - _forms_around(tree.body)
        _write(tree.body, dropped, writer)
    text = writer.text()
    headings = writer.headings
    title = title or next((heading.title for heading in headings if heading.level == 1), "")
    language = tree.root.attributes.get("lang") if tree.root is not None else None
    return ParsedDocument(text, title or None, sections_of(len(text), headings), language, _metadata(tree))


def _forms_around(body: LexborNode) -> set[int]:
    """Return the form that holds most of the page, if there is one: some frameworks put every page into a form."""
    forms = body.css("form")
    whole = len(body.text()) if forms else 0
    return {form.mem_id for form in forms if 2 * len(form.text()) > whole}


def language_of(content: bytes) -> str | None:
    """Return the language that a page declares, without reading it."""
    found = _LANGUAGE.search(content, 0, _HEAD)
    return found[1].decode("ascii") if found else None


def _metadata(tree: LexborHTMLParser) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for name in ("author", "description"):
        element = tree.css_first(f"meta[name={name} i]")
        if element is not None and (text := " ".join((element.attributes.get("content") or "").split())):
            found[name] = text[:_LONGEST]
    return found


def _write(root: LexborNode, dropped: set[int], writer: TextWriter) -> None:
    # A stack of its own instead of recursion: the page decides the depth. What ends an element lies below its children.
    stack: list[LexborNode | Callable[[], None]] = [root]
    pop, push, words = stack.pop, stack.extend, writer.words
    while stack:
        node = pop()
        if not isinstance(node, LexborNode):
            node()
            continue
        tag = node.tag
        if tag == "-text":
            words(node.text_content or "")
        elif node.mem_id not in dropped:
            # Most elements say only how their text looks.
            if tag in _STRUCTURE:
                stack.append(_entered(tag, writer))
            children = list(node.iter(include_text=True))
            children.reverse()
            push(children)


def _entered(tag: str, writer: TextWriter) -> Callable[[], None]:
    """Write the start of an element; return what writes its end."""
    if tag in _HEADINGS:
        writer.open_heading(_HEADINGS[tag])
        return writer.close_heading
    if tag in _MARKS:
        writer.open_item(_MARKS[tag])
        return writer.close_item
    if tag in _CELLS:
        return writer.close_cell
    if tag == "pre":
        writer.open_preformatted()
        return writer.close_preformatted
    end = writer.paragraph if tag in _PARAGRAPHS else writer.line
    end()
    return end
