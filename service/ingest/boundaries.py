"""Where a text may be cut: before headings, paragraphs, sentences; and inside what is longer than a chunk."""

import re
import zlib
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import NamedTuple

from service.ingest.pace import Pace, unhurried
from service.ingest.parsed import Section

_BLANK_LINE = re.compile(r"\n[ \t\f]*\n\s*")
# Counted repeats keep the search linear: a million full stops in a row are no sentence, but each would be tried.
_SENTENCE_END = re.compile(r"[.!?]{1,6}[\"'”’)\]]{0,4}(?=\s{1,4}[^\sa-z])|[。！？；…｡]{1,6}[”’」』）】》\"]{0,4}")
# A row of a table or an item of a list is a sentence of its own.
_ROW = re.compile(r"\n(?=\| |[-*•] |\d{1,3}[.)] )")
_LINE = re.compile(r"\n\s*")
_PAUSE = re.compile(r"[，、：,:;]\s*|\s+")
_HASHED = 48
_FARTHEST = 300
"""Characters behind a boundary that are looked at, at most, when the first ones are those of another boundary."""
_AT_ONCE = 500
"""Boundaries between two looks at the clock: about a millisecond's work."""
_BEFORE = 8
_PARAGRAPH = 4
_SENTENCE = 3
_FORCED = 0
_OUTERMOST = 1000


class Boundary(NamedTuple):
    """A place where a chunk may start. A greater `rank` and then a greater `draw` make it a better one."""

    rank: int
    """What starts here: a heading above a paragraph above a sentence, an outer heading above an inner one."""
    draw: int
    """Hash of what is behind it: a choice between equals that depends on nothing else in the text. The first characters
    decide; where they are the same, as in the rows of a log, the rest of their line does."""
    offset: int


def boundaries_of(text: str, sections: Sequence[Section], size: int, pace: Pace = unhurried) -> list[Boundary]:
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
                _add(found, _inside(text, previous, offset, size), pace)
                found.append(_boundary(text, offset, rank))
                previous = offset
            rank = _PARAGRAPH
    _add(found, _inside(text, previous, len(text), size), pace)
    return found


def _add(found: list[Boundary], more: Iterator[Boundary], pace: Pace) -> None:
    while part := list(islice(more, _AT_ONCE)):
        found += part
        pace()


def _boundary(text: str, offset: int, rank: int) -> Boundary:
    near = offset + _HASHED
    end = text.find("\n", near, offset + _FARTHEST)
    rest = text[near : end if end >= 0 else offset + _FARTHEST]
    first = zlib.crc32(text[offset:near].encode())
    return Boundary(rank, first << 32 | zlib.crc32(rest.encode()), offset)


def _paragraphs(text: str, section: Section, *, headed: bool) -> Iterator[int]:
    """Yield where the section and its paragraphs start; a heading and the paragraph below it are one."""
    yield section.start
    starts = (blank.end() for blank in _BLANK_LINE.finditer(text, section.start, section.end))
    if headed:
        next(starts, None)
    yield from (start for start in starts if start < section.end)


def _inside(text: str, start: int, end: int, size: int, level: int = 0) -> Iterator[Boundary]:
    """Yield boundaries inside what is longer than a chunk: between sentences, else lines, else at pauses, or anywhere.

    All of them are candidates: which ones become cuts depends on the text around each, not on the text before it.
    """
    if end - start <= size:
        return
    if level == len(_INSIDE):
        yield from (_boundary(text, offset, _FORCED) for offset in range(start + size, end, size))
        return
    previous = start
    for offset in _INSIDE[level](text, start, end):
        if previous < offset < end:
            if offset - previous > size:
                yield from _inside(text, previous, offset, size, level + 1)
            yield _boundary(text, offset, _SENTENCE - level)
            previous = offset
    yield from _inside(text, previous, end, size, level + 1)


def _sentences(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where sentences, rows and items start."""
    stops = (_skip_space(text, stop.end(), end) for stop in _SENTENCE_END.finditer(text, start, end))
    return merge(stops, (row.end() for row in _ROW.finditer(text, start, end)))


def _lines(text: str, start: int, end: int) -> Iterator[int]:
    return (line.end() for line in _LINE.finditer(text, start, end))


def _pauses(text: str, start: int, end: int) -> Iterator[int]:
    return (pause.end() for pause in _PAUSE.finditer(text, start, end))


_INSIDE = (_sentences, _lines, _pauses)
"""Finds the places for a cut, the better ones first."""


def repeated_from(text: str, start: int, earliest: int) -> int:
    """Return where the text that a chunk repeats begins: at a sentence or line, else at a word, else at the chunk.

    Args:
        text: the document's text.
        start: where the chunk starts.
        earliest: the first offset that may be repeated.

    """
    # A sentence that starts at `earliest` is only seen to do so by the end of the one before it.
    before = max(earliest - _BEFORE, 0)
    for places in (_sentences, _lines, _pauses):
        for offset in places(text, before, start):
            if earliest <= offset < start:
                return offset
    return start


def _skip_space(text: str, offset: int, end: int) -> int:
    while offset < end and text[offset].isspace():
        offset += 1
    return offset
