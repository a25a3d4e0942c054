"""Puts a document together from blocks, and remembers under which headings and on which page each of them lies."""

from collections.abc import Iterable, Mapping, Sequence

from service.documents import Scalar
from service.errors import TooLargeError
from service.ingest.parsed import ParsedDocument, Section

_LONGEST_TITLE = 200
_AT_ONCE = 65_536
"""Characters of rows that are written together."""
_PARAGRAPH = "paragraph"


class DocumentBuilder:
    """Collects blocks in reading order. Headings are written as in Markdown, tables as rows between `|`."""

    def __init__(self, most: int) -> None:
        """Make an empty document of at most `most` characters."""
        self._most = most
        self._parts: list[str] = []
        self._length = 0
        self._kind = _PARAGRAPH
        self._headings: list[tuple[int, str]] = []
        self._page: int | None = None
        self._starts: list[tuple[int, tuple[str, ...], int | None]] = []
        self._moved = True
        self.first_heading: str | None = None
        """Title of the first heading, which is the document's own when nothing better is known."""

    def heading(self, level: int, title: str) -> None:
        """Open a section; `level` is 1 for the outermost. A title without words opens none."""
        title = " ".join(title.split())
        if not title:
            return
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, title[:_LONGEST_TITLE]))
        self.first_heading = self.first_heading or title[:_LONGEST_TITLE]
        self._moved = True
        self._write(f"{'#' * min(level, 6)} {title}", _PARAGRAPH)

    def page(self, number: int) -> None:
        """Turn to a page, slide or sheet; headings do not reach across it."""
        self._page = number
        self._headings.clear()
        self._moved = True

    def paragraph(self, text: str) -> None:
        """Write a paragraph; one without words is none."""
        if text := text.strip():
            self._write(text, _PARAGRAPH)

    def line(self, text: str) -> None:
        """Write a line that belongs to the line before it."""
        if text := text.strip():
            self._write(text, "line")

    def item(self, text: str) -> None:
        """Write an item of a list."""
        if text := text.strip():
            self._write(f"- {text}", "item")

    def row(self, cells: Sequence[str]) -> None:
        """Write a row of a table; one without words is none. White space in a cell is one space."""
        self.rows((cells,))

    def rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows of a table, many at a time, as most tables are long."""
        lines: list[str] = []
        length = 0
        for cells in rows:
            line = f"| {' | '.join(cells)} |"
            # Two spaces are those of an empty cell, or of one that begins or ends with a space.
            if "  " in line or not line.isprintable():
                line = _tidied(cells)
            if line:
                lines.append(line)
                length += len(line)
                if length > _AT_ONCE:
                    self._write("\n".join(lines), "row")
                    lines.clear()
                    length = 0
        if lines:
            self._write("\n".join(lines), "row")

    def end_block(self) -> None:
        """Keep the next line, item or row apart from those before it."""
        self._kind = _PARAGRAPH

    def include(self, document: ParsedDocument) -> None:
        """Write another document with its sections, under the headings that are open."""
        text = document.text.lstrip()
        cut = len(document.text) - len(text)
        text = text.rstrip()
        if not text:
            return
        offset = self._write(text, _PARAGRAPH) - cut
        path = tuple(title for _, title in self._headings)
        for section in document.sections:
            page = section.page if self._page is None else self._page
            self._starts.append((offset + max(section.start, cut), path + section.path, page))
        self._moved = True

    def build(
        self, title: str | None = None, language: str | None = None, metadata: Mapping[str, Scalar] | None = None
    ) -> ParsedDocument:
        """Return the document; without a title it has that of its first heading."""
        text = "".join(self._parts)
        ends = [start for start, _, _ in self._starts[1:]] + [len(text)]
        sections: list[Section] = []
        for (start, path, page), end in zip(self._starts, ends, strict=False):
            if sections and (sections[-1].path, sections[-1].page) == (path, page):
                start = sections.pop().start  # noqa: PLW2901 - the two are one
            if end > start:
                sections.append(Section(start, end, path, page))
        return ParsedDocument(text, title or self.first_heading, tuple(sections), language, dict(metadata or {}))

    def _write(self, block: str, kind: str) -> int:
        """Write a block and return its offset."""
        gap = ""
        if self._parts:
            gap = "\n" if kind == self._kind != _PARAGRAPH else "\n\n"
        offset = self._length + len(gap)
        self._length = offset + len(block)
        if self._length > self._most:
            msg = f"expected at most {self._most} characters of text, got {self._length} and more"
            raise TooLargeError(msg)
        if self._moved:
            path = tuple(title for _, title in self._headings)
            self._starts.append((offset, path, self._page))
            self._moved = False
        self._parts += (gap, block)
        self._kind = kind
        return offset


def _tidied(cells: Sequence[str]) -> str:
    """Return a row without white space in its cells but single spaces, and without empty cells at its end."""
    words = [" ".join(cell.split()) for cell in cells]
    while words and not words[-1]:
        words.pop()
    return f"| {' | '.join(words)} |" if words else ""
