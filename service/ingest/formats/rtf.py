"""RTF: paragraphs and tables in reading order; paragraphs with an outline level open sections."""

import re

from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
from service.ingest.formats.rtf_text import text_of
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

# The library drops what makes a heading. A character that no text has carries the level through it.
_MARK = "\ue0ff"
_OUTLINE = re.compile(r"\\outlinelevel([0-8]) ?(?![0-9])")
_MARKED = re.compile(rf"{_MARK}([0-8])")
_STYLE = re.compile(r"\{\\s(\d{1,4})(?![0-9])[^{};]{0,1000}? ?heading ([1-9]);\}", re.IGNORECASE)
_STYLED = re.compile(r"(\\s(\d{1,4})(?![0-9]) ?)")
# A paragraph's end before the cell's is nothing but the cell's.
_CELL_END = re.compile(r"\\par(?=[\s}]{0,20}\\cell\b)")
_BULLET = re.compile(r"[•◦▪·–\uf0b7-]\t\s*")
_BINARY = re.compile(r"\\bin(\d{1,9}) ?")
_TITLE = re.compile(r"\{\\title ([^{}\\]{1,500})\}")


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text.

    Raises:
        UnsafeError: its groups are nested deeper than the limit.
        CorruptError: it is no RTF.

    """
    # RTF is ASCII; other characters are escaped in the code page that it names.
    source = content.decode("cp1252", "replace")
    title = _TITLE.search(source, 0, 20_000)
    with reading("RTF"):
        text = text_of(_with_marks(_without_binary(source)), options.max_nesting)
        # Characters beyond the first 65,536 are written as two halves.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    builder = DocumentBuilder(options.max_characters)
    for line in text.split("\n"):
        _write(line.replace("\0", "").replace("\r", ""), builder)
    return builder.build(title[1].strip() if title else None)


def _with_marks(source: str) -> str:
    """Return the source with a mark in each paragraph that is a heading by its outline level or its style."""
    levels = {style: int(level) - 1 for style, level in _STYLE.findall(source)}

    def mark(found: re.Match[str]) -> str:
        level = levels.get(found[2])
        return found[1] if level is None else f"{found[1]} {_MARK}{level}"

    marked = _OUTLINE.sub(rf"\\outlinelevel {_MARK}\1", _CELL_END.sub("", source))
    return _STYLED.sub(mark, marked) if levels else marked


def _without_binary(source: str) -> str:
    """Return the source without pictures' bytes, which could look like anything."""
    parts, start = [], 0
    while found := _BINARY.search(source, start):
        parts.append(source[start : found.start()])
        start = min(len(source), found.end() + int(found[1]))
    return "".join([*parts, source[start:]]) if parts else source


def _write(line: str, builder: DocumentBuilder) -> None:
    mark = _MARKED.search(line)
    words = _MARKED.sub("", line)
    if words.rstrip().endswith("|"):
        builder.row(words.rstrip().removesuffix("|").split("|"))
    elif mark:
        builder.heading(int(mark[1]) + 1, words)
    elif bullet := _BULLET.match(words):
        builder.item(words[bullet.end() :])
    else:
        builder.paragraph(words)
