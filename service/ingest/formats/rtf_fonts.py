"""The encodings that the fonts of an RTF file imply."""

import codecs

from striprtf.striprtf import FONTTABLE, charset_map, font_table_group

DEFAULT = "cp1252"


def encodings_of(source: str) -> dict[str, str]:
    """Return the encodings of the fonts."""
    found = FONTTABLE.findall(font_table_group(source))  # type: ignore[no-untyped-call]
    return {font: known(charset_map.get(int(charset[:9]), DEFAULT), DEFAULT) for font, charset, _ in found}


def known(encoding: str, otherwise: str) -> str:
    """Return the encoding's name here, or the other one's when there is none."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return otherwise
