"""The formats that are read.

A further one is a module here and a line in `_BUILT_IN`, or an entry point of another distribution in the group
`docgraph.formats`, which names a `Format`.

What belongs here: one adapter for each format, which turns bytes into a `ParsedDocument`, and what adapters share.
What does not: deciding which format a document is in (`telling`, `containers`), cutting, keywords.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from service.errors import StartupError, UnsupportedMediaTypeError
from service.ingest import media_types as types
from service.ingest.formats import markdown, plain
from service.ingest.formats.format import Format, Parse
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

__all__ = ["Format", "Parse", "added_formats", "format_of", "formats"]

GROUP = "docgraph.formats"
"""Group of the entry points that add formats."""


def _from(module: str, function: str = "parse") -> Parse:
    """Return a parser that is imported when it is first called: libraries are loaded in the children only."""

    def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
        found: Parse = getattr(import_module(f"{__name__}.{module}"), function)
        return found(content, charset, options)

    return parse


_WORD = "application/vnd.ms-word"
_EXCEL = "application/vnd.ms-excel"
_POWERPOINT = "application/vnd.ms-powerpoint"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

_BUILT_IN = (
    Format((types.PLAIN,), plain.parse, (".txt", ".text", ".log"), isolated=False),
    Format((types.MARKDOWN, "text/x-markdown"), markdown.parse, (".md", ".markdown"), isolated=False),
    Format((types.HTML,), _from("html"), (".html", ".htm")),
    Format((types.XHTML,), _from("html"), (".xhtml", ".xht")),
    Format((types.PDF, "application/x-pdf"), _from("pdf"), (".pdf",)),
    Format(
        (
            types.DOCX,
            f"{_OPEN_XML}.wordprocessingml.template",
            f"{_WORD}.document.macroenabled.12",
            f"{_WORD}.template.macroenabled.12",
        ),
        _from("word"),
        (".docx", ".docm", ".dotx", ".dotm"),
    ),
    Format(
        (
            types.PPTX,
            f"{_OPEN_XML}.presentationml.slideshow",
            f"{_OPEN_XML}.presentationml.template",
            f"{_POWERPOINT}.presentation.macroenabled.12",
            f"{_POWERPOINT}.slideshow.macroenabled.12",
        ),
        _from("slides"),
        (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx"),
    ),
    Format(
        (
            types.XLSX,
            f"{_OPEN_XML}.spreadsheetml.template",
            f"{_EXCEL}.sheet.macroenabled.12",
            f"{_EXCEL}.sheet.binary.macroenabled.12",
        ),
        _from("sheets"),
        (".xlsx", ".xlsm", ".xlsb", ".xltx"),
    ),
    Format((types.XLS, "application/msexcel", "application/x-msexcel"), _from("sheets", "parse_xls"), (".xls", ".xlt")),
    Format((types.ODT, f"{_OPEN_DOCUMENT}.text-template"), _from("opendocument"), (".odt", ".ott")),
    Format((types.ODS, f"{_OPEN_DOCUMENT}.spreadsheet-template"), _from("opendocument"), (".ods", ".ots")),
    Format((types.ODP, f"{_OPEN_DOCUMENT}.presentation-template"), _from("opendocument"), (".odp", ".otp")),
    Format((types.EPUB,), _from("epub"), (".epub",)),
    Format((types.EML,), _from("mail"), (".eml",)),
    Format((types.CSV, "application/csv"), _from("delimited"), (".csv",), isolated=False),
    Format((types.TSV,), _from("delimited", "parse_tabs"), (".tsv", ".tab"), isolated=False),
    Format((types.JSON, "text/json"), _from("json_text"), (".json",), isolated=False),
    Format(
        (types.JSONL, "application/jsonl", "application/jsonlines", "application/x-jsonlines", "application/ndjson"),
        _from("json_text", "parse_lines"),
        (".jsonl", ".ndjson"),
        isolated=False,
    ),
    Format((types.RTF, "text/rtf", "application/x-rtf", "text/richtext"), _from("rtf"), (".rtf",)),
)


@cache
def added_formats() -> tuple[Format, ...]:
    """Return the formats that other distributions add, in the order of their names.

    Raises:
        StartupError: one of them does not load, or is no `Format`.

    """
    return tuple(_added())


def _added() -> Iterator[Format]:
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        where = f"expected the entry point {point.name!r} of {GROUP} to name a Format"
        try:
            found = point.load()
        except Exception as error:
            msg = f"{where}, got {type(error).__name__}: {error}"
            raise StartupError(msg) from error
        if not isinstance(found, Format):
            msg = f"{where}, got {found!r} from {point.value}"
            raise StartupError(msg)
        yield found


@cache
def formats() -> Mapping[str, Format]:
    """Return the formats by media type. An added one takes the place of a built-in one."""
    return {name: each for each in (*_BUILT_IN, *added_formats()) for name in each.media_types}


@cache
def suffixes() -> Mapping[str, str]:
    """Return the media types by the end of the file name."""
    return {end: each.media_types[0] for each in (*_BUILT_IN, *added_formats()) for end in each.suffixes}


def format_of(media_type: str) -> Format:
    """Return how the media type is read.

    Raises:
        UnsupportedMediaTypeError: it is not; the text names those that are.

    """
    try:
        return formats()[media_type]
    except KeyError:
        known = ", ".join(dict.fromkeys(each.media_types[0] for each in formats().values()))
        msg = f"expected one of {known}, got {media_type[:100]!r}"
        raise UnsupportedMediaTypeError(msg) from None
