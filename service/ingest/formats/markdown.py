"""Markdown: the text stays its source, headings open sections; front matter or the first heading gives the title."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt

from service.documents import Scalar
from service.ingest.charsets import decode
from service.ingest.options import IngestOptions
from service.ingest.parsed import Heading, ParsedDocument, sections_of

_LONGEST_TITLE = 200
_LONGEST = 500
# What site generators and pandoc put before the text: YAML, of which plain fields of one line are read.
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:(?!(?:---|\.\.\.)[ \t]*\n)[^\n]*\n){1,200}(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"""^(title|author|date|lang):[ \t]+["']?([^"'\[\]{}|>&*!\n][^\n]*?)["']?[ \t]*$""", re.MULTILINE)
# These start with a literal line break, which is searched for ten times as fast as `^`; see `headings_of`.
_HASH_LINE = re.compile(r"\n(#{1,6})(?:[ \t]+([^\n]*))?(?![^\n])")
# A heading that does not start with a `#` at the start of its line: indented or underlined.
_OTHER_HEADING = re.compile(r"\n[ \t]+#|\n {0,3}(?:=+|-+)[ \t]*(?![^\n])")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t]+)#+$")
# What may keep a `#` at the start of a line from being a heading: code fences and HTML.
_MAY_HIDE_HEADINGS = ("```", "~~~", "<")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,2000}\)")
_EMPHASIS = re.compile(r"[*`]|(?<!\w)_+|_+(?!\w)")


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the Markdown source with its headings as sections."""
    text = decode(content, charset)
    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    headings = [replace(each, offset=each.offset + start) for each in headings_of(text[start:])]
    said = dict(_FIELD.findall(front[0])) if front else {}
    title = said.get("title") or next((each.title for each in headings if each.level == 1 and each.title), None)
    metadata: dict[str, Scalar] = {name: said[name][:_LONGEST] for name in ("author", "date") if name in said}
    return ParsedDocument(text, title, sections_of(len(text), headings), said.get("lang"), metadata)


def headings_of(text: str) -> list[Heading]:
    """Return the headings at top level, in order; those inside a list or a quote structure nothing."""
    # The parser takes 0.2 ms for a page, more than all other steps together, and most pages have plain headings.
    # A property test holds both ways to the same answer.
    lines = f"\n{text}"
    if _OTHER_HEADING.search(lines) or ("#" in text and any(mark in text for mark in _MAY_HIDE_HEADINGS)):
        return parsed_headings(text)
    return [
        Heading(found.start(), len(found[1]), _title(_CLOSING_HASHES.sub("", (found[2] or "").strip())))
        for found in _HASH_LINE.finditer(lines)
    ]


def parsed_headings(text: str) -> list[Heading]:
    """Return the headings that the Markdown parser finds."""
    offsets = _line_offsets(text)
    headings = []
    tokens = _block_parser().parse(text)
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open" and opening.level == 0 and opening.map:
            headings.append(Heading(offsets[opening.map[0]], int(opening.tag[1]), _title(content.content)))
    return headings


@cache
def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    # Inline parsing is most of the work, and the text of a paragraph stays its source.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _line_offsets(text: str) -> list[int]:
    offsets = [0]
    for line in text.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    return offsets


def _title(source: str) -> str:
    plain = _EMPHASIS.sub("", _LINK.sub(r"\1", source))
    return " ".join(plain.split())[:_LONGEST_TITLE]
