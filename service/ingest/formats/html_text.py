"""Writes the text of a page: collapses white space as a browser does, and remembers where the headings are."""

from service.errors import TooLargeError
from service.ingest.parsed import Heading

_LONGEST_TITLE = 200


class TextWriter:
    """Collects words, lines and paragraphs. Breaks are kept back until words follow, so none is doubled or dangles."""

    def __init__(self, most: int) -> None:
        """Make a writer of at most `most` characters."""
        self._most = most
        self.headings: list[Heading] = []
        self._parts: list[str] = []
        self._length = 0
        self._breaks = 0
        self._prefix = ""
        self._space = False
        self._fresh = True
        self._preformatted = 0
        self._level = 0
        self._heading_part = 0

    def text(self) -> str:
        """Return all that was written."""
        return "".join(self._parts)

    def words(self, text: str) -> None:
        """Write running text; white space in it is one space, except in preformatted text."""
        if self._preformatted:
            self._put(text)
        elif words := text.split():
            if not self._space:
                self._space = not self._fresh and text[0].isspace()
            self._put(" ".join(words))
            self._space = text[-1].isspace()
        elif text:
            self._space = True

    def line(self) -> None:
        """Start a new line."""
        self._break(1)

    def paragraph(self) -> None:
        """Start a new paragraph."""
        self._break(2)

    def open_item(self, mark: str) -> None:
        """Start a line that begins with the mark, such as a list item or a table row."""
        self._break(1)
        self._prefix = mark
        # A paragraph that opens the item or a cell stays on its line.
        self._fresh = True

    def close_item(self) -> None:
        """End the item; one without words leaves no mark."""
        self._prefix = ""
        self._fresh = False
        self._break(1)

    def close_cell(self) -> None:
        """End a cell of a table row."""
        self._breaks = 0 if self._parts and not self._prefix else self._breaks
        self._space = False
        self._put(" |")
        self._space = True

    def open_heading(self, level: int) -> None:
        """Start a heading of that level, from 1."""
        self._fresh = False
        self._break(2)
        self._prefix = "#" * level + " "
        self._level = level
        self._heading_part = len(self._parts)

    def close_heading(self) -> None:
        """End the heading; one without words is none."""
        written = "".join(self._parts[self._heading_part :])
        if self._level and (line := written.lstrip("\n")):
            offset = self._length - len(line)
            title = " ".join(line[self._level :].split())
            self.headings.append(Heading(offset, self._level, title[:_LONGEST_TITLE]))
        self._level = 0
        self._prefix = ""
        self._break(2)

    def open_preformatted(self) -> None:
        """Start text whose white space counts."""
        self._break(2)
        self._put("```\n")
        self._preformatted += 1

    def close_preformatted(self) -> None:
        """End text whose white space counts."""
        self._preformatted -= 1
        self._put("\n```")
        self._break(2)

    def _break(self, lines: int) -> None:
        if not self._fresh:
            self._breaks = max(self._breaks, lines)
            self._space = False

    def _put(self, text: str) -> None:
        if self._prefix:
            text = self._prefix + text
            self._prefix = ""
        if self._length:
            if self._breaks:
                text = "\n" * self._breaks + text
            elif self._space:
                text = " " + text
        self._breaks = 0
        self._space = self._fresh = False
        self._parts.append(text)
        self._length += len(text)
        if self._length > self._most:
            msg = f"expected at most {self._most} characters of text, got {self._length} and more"
            raise TooLargeError(msg)
