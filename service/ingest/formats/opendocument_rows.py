"""Rows of nothing but plain cells, as nearly all rows of most sheets: read without a tree of their elements.

They are cut out of the XML before it is parsed, and one element for each run of them is left in their place. A row
with anything else in it, such as a link, a remark or a second paragraph, stays there, and so does all around the rows.
"""

import html
import re
from collections.abc import Iterable, Iterator

from service.ingest.formats.opendocument_names import MOST_REPEATED, TABLE, TEXT, limited

# Every repetition takes what it can and gives nothing back: the time is that of one look at each character. Of a tag,
# only the end is looked for. That of a row may not reach over the next `<`, from where the next look may start.
_WORDS = rb"[^<&\0-\x08\x0b\x0c\x0e-\x1f]*+"
_PARAGRAPH = rb"<text:p>%b(?:&(?:amp|lt|gt|quot|apos);%b)*+</text:p>" % (_WORDS, _WORDS)
_FULL = rb"<table:table-cell\b[^>]*+>%b</table:table-cell>" % _PARAGRAPH
_ANY = rb"<table:(?:covered-)?table-cell\b[^>]*+(?:(?<=/)>|>%b</table:(?:covered-)?table-cell>)" % _PARAGRAPH
_RUN = rb"(?:<table:table-row\b[^<>]*+(?<!/)>(?:%b)*+</table:table-row>)++"
_RUNS = re.compile(rb"(?P<full>%b)|%b" % (_RUN % _FULL, _RUN % _ANY))
_END = "</table:table-row>"
_TEXT = re.compile("<text:p>([^<]*+)")
_CELL = re.compile("<table:(?:covered-)?table-cell([^>]*+)>(?:<text:p>([^<]*+))?")
_COPIES = re.compile("""table:number-columns-repeated\\s*=\\s*["'](\\d*)""")
_REDEFINED = "xmlns:t"
_REPEATED = "number-columns-repeated"

_DECLARATION = re.compile(rb"""<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?\s*\?>""")
_PREFIX = re.compile(rb"""xmlns:(?:table|text)\s*=\s*["'][^"']*["']""")
_PREFIXES = {f'xmlns:{name}="{space[1:-1]}"'.encode() for name, space in (("table", TABLE), ("text", TEXT))}

PLAIN = TABLE + "plain-rows"
"""Stands for a run of rows; its only attribute is the run's number."""
NUMBER = TABLE + "number"


class PlainRows:
    """The rows that were cut out of a document, run by run."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[str, bool]] = {}

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self._runs)

    def cut(self, content: bytes) -> bytes:
        """Return the XML without its plain rows, or as it is where they cannot be told by their characters."""
        if not _DECLARATION.match(content):
            return content
        rest = _RUNS.sub(self._keep, content)
        # A comment, or the like, could hold what looks like rows; a prefix could stand for another vocabulary.
        prefixes = _PREFIX.findall(rest)
        if b"<!" in rest or rest.count(b"<?") > 1 or len(prefixes) != len(_PREFIXES) or set(prefixes) != _PREFIXES:
            self._runs.clear()
            return content
        return rest

    def rows(self, number: str) -> Iterator[list[str]]:
        """Yield the rows of a run as the texts of their cells, up to the last one that has any. It is given once."""
        run, full = self._runs.pop(number, ("", True))
        escaped = "&" in run
        for row in run.split(_END):
            cells = _TEXT.findall(row) if full else filled(map(_copies_and_text, _CELL.findall(row)))
            yield list(map(html.unescape, cells)) if escaped else cells

    def _keep(self, match: re.Match[bytes]) -> bytes:
        try:
            run = match[0].decode()
        except UnicodeDecodeError:
            return match[0]
        if _REDEFINED in run:
            return match[0]
        number = str(len(self._runs))
        self._runs[number] = run, match["full"] is not None and _REPEATED not in run
        return b'<table:plain-rows table:number="%b"/>' % number.encode()


def filled(cells: Iterable[tuple[int, str]]) -> list[str]:
    """Return the texts of the cells up to the last one that has any.

    Args:
        cells: of each the number of its copies, of which the last one is read, as most of them are empty; its text.

    """
    texts: list[str] = []
    empty = 0
    for copies, text in cells:
        empty += copies - 1
        if text:
            if empty:
                texts += [""] * empty
                empty = 0
            texts.append(text)
        else:
            empty += 1
    return texts


def _copies_and_text(cell: tuple[str, str]) -> tuple[int, str]:
    attributes, text = cell
    copies = _COPIES.search(attributes) if _REPEATED in attributes else None
    return limited(copies[1], MOST_REPEATED) if copies else 1, text
