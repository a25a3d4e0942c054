"""Paragraphs, lists and tables that lie inside each other, as word processors nest them, in reading order."""

from dataclasses import dataclass

from service.errors import UnsafeError
from service.ingest.formats.builder import DocumentBuilder


@dataclass(slots=True)
class Paragraph:
    """A paragraph that is being read."""

    parts: list[str]
    level: int
    """1 and more for a heading."""
    item: bool
    """Whether it is an item of a list."""
    inner: list[str]
    """Paragraphs in it, as of a text box or a footnote; they follow it."""


class ParagraphWriter:
    """Writes paragraphs as they end. What ends inside a cell is part of the cell, inside a paragraph part of that."""

    def __init__(self, builder: DocumentBuilder, deepest: int) -> None:
        """Write to the builder, at most `deepest` paragraphs and tables inside each other."""
        self._builder = builder
        self._deepest = deepest
        self._depth = 0
        self._open: list[Paragraph] = []
        self._tables: list[list[list[str]]] = []
        self.current: Paragraph | None = None
        """The innermost open paragraph."""
        self.nested = False
        """Whether a paragraph is open in another one."""

    def text(self, text: str) -> None:
        """Write running text; outside of paragraphs there is none."""
        if self.current is not None:
            self.current.parts.append(text)

    def open_paragraph(self, level: int = 0, *, item: bool = False) -> None:
        """Start a paragraph."""
        self._deeper()
        self.nested = self.current is not None
        self.current = Paragraph([], level, item, [])
        self._open.append(self.current)

    def close_paragraph(self) -> None:
        """End the innermost paragraph."""
        if not self._open:
            return
        self._depth -= 1
        paragraph = self._open.pop()
        text = "".join(paragraph.parts).strip()
        if self._open:
            self.current = self._open[-1]
            self.nested = len(self._open) > 1
            self.current.inner += [text, *paragraph.inner] if text else paragraph.inner
            return
        self.current = None
        if self._tables and self._tables[-1]:
            self._tables[-1][-1] += [text, *paragraph.inner]
        else:
            self._write(paragraph, text)

    def leaf(self, text: str, level: int = 0, *, item: bool = False) -> None:
        """Write a whole paragraph, which has nothing inside it and is in no other one."""
        if self._depth >= self._deepest:
            self._deeper()
        if self._tables and self._tables[-1]:
            self._tables[-1][-1].append(text.strip())
        elif level:
            self._builder.heading(level, text)
        elif item:
            self._builder.item(text)
        else:
            self._builder.paragraph(text)

    def _write(self, paragraph: Paragraph, text: str) -> None:
        if paragraph.level:
            self._builder.heading(paragraph.level, text)
        elif paragraph.item:
            self._builder.item(text)
        else:
            self._builder.paragraph(text)
        for inner in paragraph.inner:
            self._builder.paragraph(inner)

    def open_table(self) -> None:
        """Start a table."""
        self._deeper()
        self._tables.append([])

    def open_cell(self, copies: int = 1) -> None:
        """Start a cell of the innermost table's row, which stands for so many equal ones."""
        if self._tables:
            self._tables[-1].extend([[]] * (copies - 1))
            self._tables[-1].append([])

    def close_row(self) -> None:
        """End a row; that of a table in a cell becomes a line of the cell."""
        if not self._tables:
            return
        cells = [" ".join(filter(None, cell)) for cell in self._tables[-1]]
        self._tables[-1] = []
        if len(self._tables) > 1 and self._tables[-2]:
            self._tables[-2][-1].append(", ".join(cell for cell in cells if cell))
        else:
            self._builder.row(cells)

    def close_table(self) -> None:
        """End the innermost table."""
        if self._tables:
            self._depth -= 1
            self._tables.pop()
        if not self._tables:
            self._builder.end_block()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > self._deepest:
            msg = f"expected at most {self._deepest} paragraphs and tables inside each other, got more"
            raise UnsafeError(msg)
