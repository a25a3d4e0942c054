"""Where a text may be cut: before headings, paragraphs, sentences; and inside what is longer than a chunk."""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.ingest.parsed import Section

_BLANK_LINE = re.compile(r"\n[ \t\f]*\n\s*")
# Counted repeats keep the search linear: a million full stops in a row are no sentence, but each would be tried.
_SENTENCE_END = re.compile(r"[.!?]{1,6}[\"'”’)\]]{0,4}(?=\s{1,4}[^\sa-z])|[。！？；…｡]{1,6}[”’」』）】》\"]{0,4}")
_PAUSE = re.compile(r"\n|[，、：,:;]|\s")
_HASHED = 48
_PARAGRAPH = 2
_SENTENCE = 1
_FORCED = 0
_OUTERMOST = 1000


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    """A place where a chunk may start. A greater `rank` and then a greater `draw` make it a better one."""

    rank: int
    """What starts here: a heading above a paragraph above a sentence, an outer heading above an inner one."""
    draw: int
    """Hash of the first characters behind it: a choice between equals that depends on nothing else in the text."""
    offset: int


def boundaries_of(text: str, sections: Sequence[Section], size: int) -> list[Boundary]:
    """Return the boundaries of the text, in order and with neither end, at most `size` characters apart."""
    found: list[Boundary] = []
    previous = 0
    path: tuple[str, ...] = ()
    for section in sections:
        headed = section.path != path
        rank = _OUTERMOST - len(section.path) if headed else _PARAGRAPH
        path = section.path
        for offset in _paragraphs(text, section, headed=headed):
            if offset > previous:
                found += _inside(text, previous, offset, size)
                found.append(_boundary(text, offset, rank))
                previous = offset
            rank = _PARAGRAPH
    found += _inside(text, previous, len(text), size)
    return found


def _boundary(text: str, offset: int, rank: int) -> Boundary:
    return Boundary(rank, zlib.crc32(text[offset : offset + _HASHED].encode()), offset)


def _paragraphs(text: str, section: Section, *, headed: bool) -> Iterator[int]:
    """Yield where the section and its paragraphs start; a heading and the paragraph below it are one."""
    yield section.start
    starts = (blank.end() for blank in _BLANK_LINE.finditer(text, section.start, section.end))
    if headed:
        next(starts, None)
    yield from (start for start in starts if start < section.end)


def _inside(text: str, start: int, end: int, size: int) -> Iterator[Boundary]:
    """Yield boundaries inside a paragraph that is longer than a chunk."""
    if end - start <= size:
        return
    previous = start
    for stop in _SENTENCE_END.finditer(text, start, end):
        offset = _skip_space(text, stop.end(), end)
        if offset < end:
            yield from _forced(text, previous, offset, size)
            yield _boundary(text, offset, _SENTENCE)
            previous = offset
    yield from _forced(text, previous, end, size)


def _forced(text: str, start: int, end: int, size: int) -> Iterator[Boundary]:
    """Yield boundaries inside a sentence that is longer than a chunk: at a pause, or anywhere when it has none."""
    while end - start > size:
        offset = start + size
        for pause in _PAUSE.finditer(text, start + size // 2, start + size):
            offset = pause.end()
        start = offset
        yield _boundary(text, start, _FORCED)


def _skip_space(text: str, offset: int, end: int) -> int:
    while offset < end and text[offset].isspace():
        offset += 1
    return offset
