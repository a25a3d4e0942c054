"""Guesses the charset of text that declares none and is not UTF-8."""

import re

from service.ingest.language import language_of

_SAMPLE = 262_144
_GLANCE = 4096
_ESCAPES = {b"\x1b$@": "iso2022_jp_2", b"\x1b$B": "iso2022_jp_2", b"\x1b$)C": "iso2022_kr"}
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.2
"""Share of control characters beyond which bytes are no text in a charset of single bytes or of UTF-8."""
_COMMON = re.compile("[ \n\r\t.,。，、]")
# Where the library has decided for a Latin code page, the language decides which one: their letters overlap, and their
# bytes alone do not tell.
_LATIN = re.compile(
    r"cp125[0247]|cp(?:437|85\d|86\d|775)|iso8859_(?:1|2|3|4|9|10|13|14|15|16)|latin_1|mac_\w+|hp_roman8"
)
_EASTERN, _TURKISH, _BALTIC = ("cp1250", "iso8859_2"), ("cp1254",), ("cp1257", "iso8859_13")
# The same bytes. There are two hundred times as many speakers of Turkish.
_ICELANDIC_OR_TURKISH = re.compile("[ýþðÝÞÐ]")
_PAGES: dict[str, tuple[str, ...]] = {
    "tr": _TURKISH,
    **dict.fromkeys(("pl", "cs", "sk", "hu", "hr", "sl", "ro"), _EASTERN),
    **dict.fromkeys(("lt", "lv", "et"), _BALTIC),
}


def unmarked(content: bytes) -> str | None:
    """Return the charset of text that would pass for ASCII but is none: UTF-16 without a mark, or ISO 2022."""
    head = content[:_GLANCE]
    if b"\x1b$" in head:
        return next((charset for escape, charset in _ESCAPES.items() if escape in head), None)
    if len(content) % 2 or len(_CONTROL.findall(head)) <= _MOST_CONTROL * len(head):
        return None
    # In the wrong byte order a space is another character.
    scores = {}
    for charset in ("utf-16-le", "utf-16-be"):
        try:
            scores[charset] = len(_COMMON.findall(head[: len(head) // 2 * 2].decode(charset)))
        except UnicodeDecodeError:
            continue
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best and scores[best] else None


def guess(content: bytes) -> str | None:
    """Return the likeliest charset, or None when the bytes are no text."""
    # Imported here: most documents are UTF-8 and never pay for it.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    sample = content[:_SAMPLE]
    best = from_bytes(sample).best()
    if best is None:
        return None
    charset = str(best.encoding)
    if not _LATIN.fullmatch(charset):
        return charset
    pages = _PAGES.get(language_of(sample.decode(charset, "replace")), ("cp1252",))
    if pages == ("cp1252",) and _ICELANDIC_OR_TURKISH.search(sample.decode("cp1252", "replace")):
        pages = _TURKISH
    # Of equal ones the first wins.
    letters = {page: sum(map(str.isalpha, sample.decode(page, "replace"))) for page in (*pages, charset)}
    return max(letters, key=letters.__getitem__)
