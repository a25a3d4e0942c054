"""Cuts a text into chunks so that an edit changes only the chunks around it.

Filling chunks one after the other would shift every cut behind an edit. Here each cut is a local affair: a boundary is
a cut when no better one lies within half a chunk of it. What lies between two cuts and is still too long is then
divided evenly. So whether two passages fall into one chunk depends on what is near them and on nothing else.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.errors import TooLargeError
from service.ingest.boundaries import Boundary, boundaries_of, repeated_from
from service.ingest.pace import Pace, unhurried
from service.ingest.parsed import ParsedDocument, Section


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk's place in the text, without white space at its ends."""

    start: int
    end: int
    path: tuple[str, ...]
    """Headings that all of it lies under."""
    page: int | None


def split(document: ParsedDocument, size: int, most: int, overlap: int = 0, pace: Pace = unhurried) -> list[Span]:
    """Return the chunks of the document, in order, none longer than `size` characters and none empty.

    Args:
        document: the text and its sections.
        size: most characters of a chunk.
        most: most chunks.
        overlap: most characters of its own section before it that a chunk repeats, as whole sentences or lines where
            they fit. They are part of its `size`, and at most half of it.
        pace: called amid the work.

    Raises:
        TooLargeError: there are more than `most`.
        TooSlowError: `pace` raises it.

    """
    text = document.text
    overlap = min(overlap, size // 2)
    if len(text) > size * most:
        _refuse(most, f"at least {len(text) // size}")
    starts = [section.start for section in document.sections]
    spans: list[Span] = []
    for start, end in _pieces(document, size - overlap, pace):
        # strip() instead of a loop: a piece may be all white space.
        kept = text[start:end].lstrip()
        first = end - len(kept)
        last = first + len(kept.rstrip())
        if last > first:
            around = document.sections[bisect_right(starts, first) - 1 : bisect_left(starts, last)]
            if overlap:
                first = repeated_from(text, first, max(first - overlap, around[0].start))
            spans.append(Span(first, last, _common_path(around), around[0].page))
    if len(spans) > most:
        _refuse(most, str(len(spans)))
    return spans


def _refuse(most: int, got: str) -> None:
    msg = f"expected a document of at most {most} chunks, got {got}; submit it in parts"
    raise TooLargeError(msg)


def _pieces(document: ParsedDocument, size: int, pace: Pace) -> Iterator[tuple[int, int]]:
    end = len(document.text)
    if end <= size:
        yield 0, end
        return
    boundaries = boundaries_of(document.text, document.sections, size, pace)
    pace()
    start = first = 0
    for cut in _cuts(boundaries, size // 2):
        # The ends of the text are cuts as well, and no chunk shall be a crumb.
        if not size // 4 <= boundaries[cut].offset <= end - size // 4:
            continue
        yield from _divided(boundaries[first:cut], start, boundaries[cut].offset, size)
        start, first = boundaries[cut].offset, cut + 1
    yield from _divided(boundaries[first:], start, end, size)


def _cuts(boundaries: Sequence[Boundary], reach: int) -> Iterator[int]:
    """Yield the index of each boundary that is the best one within `reach` characters on both sides.

    Of equal ones none wins; a text that repeats itself is divided evenly instead. Runs in linear time: the window holds
    falling boundaries, so its first is its best.
    """
    window: deque[int] = deque()
    upcoming = 0
    # Taken out of the objects once: this loop is most of the work of cutting.
    offsets = [boundary.offset for boundary in boundaries]
    keys = [boundary[:2] for boundary in boundaries]
    for index, offset in enumerate(offsets):
        while upcoming < len(offsets) and offsets[upcoming] <= offset + reach:
            key = keys[upcoming]
            while window and keys[window[-1]] < key:
                window.pop()
            window.append(upcoming)
            upcoming += 1
        while offsets[window[0]] < offset - reach:
            window.popleft()
        if window[0] == index and (len(window) == 1 or keys[window[1]] < keys[index]):
            yield index


def _divided(inner: Sequence[Boundary], start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of a stretch between two cuts, each at most `size` long, in order."""
    stack = [(start, end, 0, len(inner))]
    while stack:
        start, end, low, high = stack.pop()
        if end - start <= size or low == high:
            yield start, end
            continue
        at = _middle(inner, start, end, low, high)
        stack.append((inner[at].offset, end, at + 1, high))
        stack.append((start, inner[at].offset, low, at))


def _middle(inner: Sequence[Boundary], start: int, end: int, low: int, high: int) -> int:
    """Return the index of the best boundary in the middle half, or else of the one nearest to the middle."""
    quarter = (end - start) // 4
    middle = (start + end) // 2
    left = bisect_left(inner, start + quarter, low, high, key=lambda each: each.offset)
    right = bisect_right(inner, end - quarter, low, high, key=lambda each: each.offset)
    if left < right:
        return max(range(left, right), key=lambda at: (inner[at].rank, -abs(inner[at].offset - middle)))
    return min((at for at in (left - 1, left) if low <= at < high), key=lambda at: abs(inner[at].offset - middle))


def _common_path(sections: Sequence[Section]) -> tuple[str, ...]:
    path = sections[0].path
    for section in sections[1:]:
        common = 0
        for ours, theirs in zip(path, section.path, strict=False):
            if ours != theirs:
                break
            common += 1
        path = path[:common]
    return path
