"""The outline of a PDF, and where on their pages its titles stand."""

import re
from collections.abc import Iterable, Mapping

import pypdfium2 as pdfium

from service.ingest.parsed import Heading

_MOST = 20_000
_DEEPEST = 6
_LONGEST_TITLE = 200
_NUMBER = re.compile(r"^(?:(?:第\s*)?[\dA-Z][\d.]*(?:\s*章)?[.)]?\s+)(?=\S)")


def bookmarks_of(document: pdfium.PdfDocument) -> Mapping[int, list[tuple[int, str]]]:
    """Return level (from 1) and title of the bookmarks, in order, by page index (from 0)."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        for count, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST)):
            if count >= _MOST:
                break
            target = bookmark.get_dest()
            page = target.get_index() if target else None
            title = " ".join(bookmark.get_title().split())[:_LONGEST_TITLE]
            if page is not None and title:
                found.setdefault(page, []).append((bookmark.level + 1, title))
    except pdfium.PdfiumError:
        # A damaged outline costs the headings, not the document.
        pass
    return found


def headings_on(page: str, offset: int, bookmarks: Iterable[tuple[int, str]]) -> list[Heading]:
    """Return the page's bookmarks as headings of a text in which the page starts at the offset.

    A title is looked for as a line of its own, below the one before; when it is not there, it stands where the search
    began, so that the order of the bookmarks is kept.
    """
    lines = _lines(page)
    headings = []
    at = 0
    for level, title in bookmarks:
        wanted = _key(title)
        found = next((index for index in range(at, len(lines)) if wanted in lines[index][1:]), None)
        if found is not None:
            at = found
        start = lines[at][0] if lines and (found is not None or at) else 0
        headings.append(Heading(offset + start, level, title))
        at = at + 1 if found is not None and at + 1 < len(lines) else at
    return headings


def _lines(page: str) -> list[tuple[int, str, str]]:
    """Return offset and key of each line, and the key of it and the next one together, for a wrapped title."""
    offsets = []
    position = 0
    rows = page.split("\n")
    for row in rows:
        offsets.append(position)
        position += len(row) + 1
    keys = [_key(row) for row in rows]
    return [(start, keys[index], "".join(keys[index : index + 2])) for index, start in enumerate(offsets)]


def _key(line: str) -> str:
    return "".join(_NUMBER.sub("", line.strip()).casefold().split())
