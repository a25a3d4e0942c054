"""Markdown: the text stays its source, headings open sections; front matter or the first heading gives the title."""

import re
from collections.abc import Iterator

from pyromark import events_with_range
from pyromark.event import Event, Range

from service.documents import Scalar
from service.errors import TooLargeError
from service.ingest.charsets import decode
from service.ingest.formats.damage import reading
from service.ingest.options import IngestOptions
from service.ingest.parsed import Heading, ParsedDocument, sections_of

_LONGEST_TITLE = 200
_LONGEST = 500
# What site generators and pandoc put before the text: YAML, of which plain fields of one line are read.
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:(?!(?:---|\.\.\.)[ \t]*\n)[^\n]*\n){1,200}(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(
    r"""^(title|author|date|lang):[ \t]++["']?[ \t]*+([^"'\[\]{}|>&*!\s][^\n]*)""",
    re.MULTILINE,
)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the Markdown source with its headings as sections.

    Raises:
        TooLargeError: it has too much text.
        CorruptError: the parser fails at it, which no text is known to bring about.

    """
    text = decode(content, charset)
    # Before the parser runs, because what it builds is many times larger than the text.
    if len(text) > options.max_characters:
        msg = f"expected at most {options.max_characters} characters of text, got {len(text)}"
        raise TooLargeError(msg)
    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    with reading("Markdown"):
        headings = headings_of(text, start)
    said = {name: _unquoted(value) for name, value in _FIELD.findall(front[0])} if front else {}
    title = said.get("title") or next((each.title for each in headings if each.level == 1 and each.title), None)
    metadata: dict[str, Scalar] = {name: said[name][:_LONGEST] for name in ("author", "date") if name in said}
    return ParsedDocument(text, title, sections_of(len(text), headings), said.get("lang"), metadata)


def _unquoted(value: str) -> str:
    value = value.rstrip()
    return value[:-1].rstrip() if value.endswith(('"', "'")) else value


def headings_of(text: str, start: int = 0) -> list[Heading]:
    """Return the headings at top level from `start` on, in order; those inside a list or a quote structure nothing."""
    body = text[start:]
    source = body.encode()
    headings = []
    offset = start
    depth = seen = 0
    events = events_with_range(body)
    for event, place in events:
        # No pattern matching: there are some seventy events to a page, and it takes as long as the parser does.
        if isinstance(event, str):
            continue
        if "Start" in event:
            opened = event["Start"]
            if isinstance(opened, str):
                continue
            if "BlockQuote" in opened or "List" in opened:
                depth += 1
            elif "Heading" in opened and not depth:
                # The parser counts bytes.
                offset += len(source[seen : place["start"]].decode())
                seen = place["start"]
                level = int(opened["Heading"]["level"][1])
                headings.append(Heading(text.rfind("\n", 0, offset) + 1, level, _title(events)))
        elif "End" in event:
            closed = event["End"]
            if not isinstance(closed, str) and ("BlockQuote" in closed or "List" in closed):
                depth -= 1
    return headings


def _title(events: Iterator[tuple[Event, Range]]) -> str:
    """Return the text of the events up to the end of the heading."""
    parts = []
    for event, _ in events:
        if isinstance(event, str):
            parts.append(" ")
        elif "Text" in event:
            parts.append(event["Text"])
        elif "Code" in event:
            parts.append(event["Code"])
        elif "End" in event and not isinstance(event["End"], str):
            break
    return " ".join("".join(parts).split())[:_LONGEST_TITLE]
