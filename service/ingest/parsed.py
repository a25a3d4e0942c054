"""What a format makes of a document: its text and where its sections lie."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from service.documents import Scalar

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Section:
    """A run of text under one heading, and on one page where there are pages."""

    start: int
    """Offset of its first character in the text, which is its heading's if it has one."""
    end: int
    """Offset behind its last character; the next section starts there."""
    path: tuple[str, ...]
    """Titles of the headings around it, outermost first; empty before the first heading."""
    page: int | None = None
    """Page, slide or sheet it lies on, from 1; None when the format has none."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's readable text. The sections are in order and cover it without gaps."""

    text: str
    title: str | None
    sections: tuple[Section, ...]
    language: str | None = None
    """Language tag that the document gives itself. Templates often lie, so it counts only where the text is silent."""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    """What else the document says of itself, such as its author or a mail's sender; flat, short, few."""
    prose: int = 0
    """Where its own words start: what is before, as the headers of a mail, is in no language."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document, as a format finds it."""

    offset: int
    """Where its line starts in the text."""
    level: int
    """1 for the outermost."""
    title: str


def sections_of(length: int, headings: list[Heading]) -> tuple[Section, ...]:
    """Return the sections that the headings, in the order of their offsets, cut a text of that length into."""
    sections: list[Section] = []
    open_headings: list[Heading] = []
    start = 0
    path: tuple[str, ...] = ()
    for heading in headings:
        if heading.offset > start:
            sections.append(Section(start, heading.offset, path))
            start = heading.offset
        while open_headings and open_headings[-1].level >= heading.level:
            open_headings.pop()
        open_headings.append(heading)
        path = tuple(each.title for each in open_headings if each.title)
    if length > start:
        sections.append(Section(start, length, path))
    return tuple(sections)


def paged(sections: Sequence[Section], starts: Sequence[int]) -> tuple[Section, ...]:
    """Return the sections cut at each page start, with the page's number.

    Args:
        sections: in order and without gaps.
        starts: offset of each page, the first one being 0.

    """
    return tuple(_paged(sections, starts))


def _paged(sections: Sequence[Section], starts: Sequence[int]) -> Iterator[Section]:
    page = 0
    for section in sections:
        start = section.start
        while start < section.end:
            while page + 1 < len(starts) and starts[page + 1] <= start:
                page += 1
            end = min(section.end, starts[page + 1]) if page + 1 < len(starts) else section.end
            yield Section(start, end, section.path, page + 1)
            start = end


def sound(document: ParsedDocument) -> ParsedDocument:
    """Return the document with a replacement character for each half of a surrogate pair.

    JSON and RTF can hold half a character; neither Neo4j nor RabbitMQ takes it. Offsets stay as they are.
    """
    values = [value for value in document.metadata.values() if isinstance(value, str)]
    paths = [title for section in document.sections for title in section.path]
    said = [document.title or "", document.language or "", *document.metadata, *values, *paths]
    if _is_sound(document.text) and all(map(_is_sound, said)):
        return document
    return replace(
        document,
        text=whole(document.text),
        title=whole(document.title) if document.title else None,
        sections=tuple(replace(each, path=tuple(map(whole, each.path))) for each in document.sections),
        language=whole(document.language) if document.language else None,
        metadata={
            whole(name): whole(value) if isinstance(value, str) else value for name, value in document.metadata.items()
        },
    )


def _is_sound(text: str) -> bool:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def whole(text: str) -> str:
    """Return the text with a replacement character for each half of a surrogate pair."""
    return text if _is_sound(text) else _HALF.sub("\ufffd", text)
