"""What a format makes of a document: its text and where its sections lie."""

from dataclasses import dataclass


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
    """Page it lies on, from 1; None when the format has no pages."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document's readable text. The sections are in order and cover it without gaps."""

    text: str
    title: str | None
    sections: tuple[Section, ...]


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
