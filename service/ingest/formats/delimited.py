"""CSV and TSV: each line is a row, as in the tables of all other formats."""

import csv
import io

from service.errors import CorruptError
from service.ingest.charsets import decode
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_SEPARATORS = ",;\t|"
_HEAD = 10
# A field may be as long as a document; the library's own limit is a paragraph.
csv.field_size_limit(2**31 - 1)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the rows; the separator is the one of `,`, `;`, tab and `|` that splits the first lines most evenly.

    Raises:
        CorruptError: the quotes do not end.

    """
    return _parsed(content, charset, options, None)


def parse_tabs(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the rows, whose cells are separated by tabs; errors as those of `parse`."""
    return _parsed(content, charset, options, "\t")


def _parsed(content: bytes, charset: str | None, options: IngestOptions, separator: str | None) -> ParsedDocument:
    text = decode(content, charset)
    builder = DocumentBuilder(options.max_characters)
    try:
        builder.rows(csv.reader(io.StringIO(text), delimiter=separator or _separator(text)))
    except csv.Error as error:
        msg = f"expected rows of text, got {error}"
        raise CorruptError(msg) from None
    return builder.build()


def _separator(text: str) -> str:
    lines = [line for line in text[:20_000].split("\n") if line][:_HEAD] or [""]
    # That of most lines, and then that of the most columns.
    return max(_SEPARATORS, key=lambda each: (sum(each in line for line in lines), lines[0].count(each)))
