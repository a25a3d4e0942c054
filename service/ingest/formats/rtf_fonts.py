"""The encodings that the fonts of an RTF file imply."""

import codecs
import re

from striprtf.striprtf import charset_map, font_table_group

DEFAULT = "cp1252"
# A font's number, or the charset of the one before it. Not the library's expression: it looks for both and the name at
# once, and a damaged table of 5 KB kept it busy for longer than a document may take.
_FONT = re.compile(r"\\f(charset)?(\d{1,9})")


def encodings_of(source: str) -> dict[str, str]:
    """Return the encodings of the fonts."""
    encodings: dict[str, str] = {}
    font = None
    for charset, number in _FONT.findall(font_table_group(source)):  # type: ignore[no-untyped-call]
        if not charset:
            font = number
        elif font is not None:
            encodings[font] = known(charset_map.get(int(number), DEFAULT), DEFAULT)
            font = None
    return encodings


def known(encoding: str, otherwise: str) -> str:
    """Return the encoding's name here, or the other one's when there is none."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return otherwise
