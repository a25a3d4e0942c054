"""HTML and XHTML: what a reader sees, with headings, lists, tables and preformatted text; menus and scripts dropped."""

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
_LONGEST = 500
_MOST_ATTRIBUTES = 1000
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_PARAGRAPHS = frozenset({"p", "table", "blockquote", "ul", "ol", "dl", "figure"})
_LINE_NAMES = (
    "div section article main header figcaption dt dd thead tbody tfoot caption address details summary fieldset hr "
    "center body br"
)
_LINES = frozenset(_LINE_NAMES.split())


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


def _metadata(tree: LexborHTMLParser) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for name in ("author", "description"):
        element = tree.css_first(f"meta[name={name} i]")
        if element is not None and (text := " ".join((element.attributes.get("content") or "").split())):
            found[name] = text[:_LONGEST]
    return found


def _write(root: LexborNode, dropped: set[int], writer: TextWriter) -> None:
    # A stack of its own instead of recursion: the page decides the depth.
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if tag == "-text":
            writer.words(node.text_content or "")
        elif leaving:
            _leave(tag, writer)
        elif node.mem_id not in dropped:
            _enter(tag, writer)
            stack.append((node, True))
            children = list(node.iter(include_text=True))
            stack.extend((child, False) for child in reversed(children))


def _enter(tag: str, writer: TextWriter) -> None:
    if tag in _HEADINGS:
        writer.open_heading(_HEADINGS[tag])
    elif tag == "li":
        writer.open_item("- ")
    elif tag == "tr":
        writer.open_item("| ")
    elif tag == "pre":
        writer.open_preformatted()
    else:
        _break(tag, writer)


def _leave(tag: str, writer: TextWriter) -> None:
    if tag in _HEADINGS:
        writer.close_heading()
    elif tag in ("td", "th"):
        writer.close_cell()
    elif tag in ("li", "tr"):
        writer.close_item()
    elif tag == "pre":
        writer.close_preformatted()
    else:
        _break(tag, writer)


def _break(tag: str, writer: TextWriter) -> None:
    if tag in _PARAGRAPHS:
        writer.paragraph()
    elif tag in _LINES:
        writer.line()
