"""RTF: paragraphs and tables in reading order; paragraphs with an outline level open sections."""

import re

from striprtf.striprtf import rtf_to_text

from service.errors import UnsafeError
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
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
_TITLE = re.compile(r"\{\\title ([^{}\\]{1,500})\}")
_BRACE = re.compile(r"(?<!\\)[{}]")


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the document's text.

    Raises:
        UnsafeError: its groups are nested deeper than the limit.
        CorruptError: it is no RTF.

    """
    # RTF is ASCII; other characters are escaped in the code page that it names.
    source = content.decode("cp1252", "replace")
    _check_depth(source, options.max_nesting)
    title = _TITLE.search(source, 0, 20_000)
    with reading("RTF"):
        text = str(rtf_to_text(_with_marks(source), errors="replace"))  # type: ignore[no-untyped-call]
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


def _check_depth(source: str, deepest: int) -> None:
    depth = 0
    for brace in _BRACE.finditer(source):
        depth += 1 if brace[0] == "{" else -1
        if depth > deepest:
            msg = f"expected at most {deepest} groups inside each other, got more"
            raise UnsafeError(msg)
