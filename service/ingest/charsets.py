"""Bytes to characters: byte order mark, declared charset, HTML meta, UTF-8, and only then a guess."""

import codecs
import re

from service.errors import GarbledError, UnsupportedMediaTypeError
from service.ingest.charset_guess import guess, unmarked
from service.ingest.parsed import whole

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 first: its little-endian mark starts with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([A-Za-z0-9_\-]{1,40})""", re.IGNORECASE)
# Names that documents use and Python does not know.
_ALIASES = {
    "x-gbk": "gb18030",
    "euc-cn": "gb18030",
    "gb_2312-80": "gb18030",
    "x-big5": "big5",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "windows-949": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "unicode": "utf-16",
    "utf8mb4": "utf-8",
}
# Charsets that read all that their forerunners read. Documents declared as those use their additional characters.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "utf-8",
    "tis-620": "cp874",
    "iso8859-9": "cp1254",
}
# Python's codecs that are no charsets: they interpret the text, and may yield lone surrogates.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape"}
)
_SINGLE_BYTE = ("cp125", "iso8859")
_MOST_UNREADABLE = 0.1
_MOST_DAMAGED = 0.01
"""Share of unreadable characters up to which a declared charset is still believed."""
_REPLACED = "\ufffd"


def decode(content: bytes, declared: str | None = None, *, html: bool = False) -> str:
    r"""Return the text with line ends as `\n` and without NUL, byte order mark and halves of characters.

    Raises:
        GarbledError: more than a tenth of the characters cannot be read in the likeliest charset.
        UnsupportedMediaTypeError: the bytes are not text.

    """
    text = _decoded(content, declared, html=html)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # UTF-7 can hold half a character, at which parsers fail.
    return whole(text.replace("\0", "").removeprefix("\ufeff"))


def _decoded(content: bytes, declared: str | None, *, html: bool) -> str:
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content.decode(charset, "replace")
    likely = [each for each in (declared, _meta_charset(content) if html and not declared else None) if each]
    for charset in likely:
        if (text := _strictly(content, charset)) is not None:
            return _unlike(text, content, charset)
    if seen := unmarked(content):
        return content.decode(seen, "replace")
    for charset in ("utf-8", *likely):
        if (text := _strictly(content, charset)) is None:
            text = _nearly(content, charset)
        if text is not None:
            return text
    return _guessed(content)


def _meta_charset(content: bytes) -> str | None:
    found = _META.search(content, 0, 4096)
    charset = found[1].decode("ascii").lower() if found else None
    # Were it true, the declaration could not have been found byte by byte.
    return None if charset is None or charset.startswith(("utf-16", "utf-32", "ucs")) else charset


def _known(charset: str) -> list[str]:
    """Return Python's names of the charset to try: its successor first."""
    charset = _ALIASES.get(charset.lower(), charset.lower())
    if charset in _NO_CHARSETS:
        return []
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return []
    return [_WIDER[name], name] if name in _WIDER else [name]


def _strictly(content: bytes, charset: str) -> str | None:
    for name in _known(charset):
        try:
            return content.decode(name)
        except (UnicodeError, LookupError):  # LookupError: a codec that is no text encoding
            continue
    return None


def _unlike(text: str, content: bytes, charset: str) -> str:
    """Return the text, or that of UTF-8 where a web server has declared its default for it.

    Every byte is a letter in these charsets, and UTF-8 by chance is next to impossible in them.
    """
    if not any(name.startswith(_SINGLE_BYTE) for name in _known(charset)) or text.isascii():
        return text
    try:
        return content.decode()
    except UnicodeDecodeError:
        return text


def _nearly(content: bytes, charset: str) -> str | None:
    """Return the text if but a few of its bytes are damaged."""
    for name in _known(charset):
        try:
            text = content.decode(name, "replace")
        except (UnicodeError, LookupError):
            continue
        damaged = text.count(_REPLACED)
        # Of what is not ASCII, which proves nothing, nearly all must be readable.
        telling = len(text.encode("ascii", "ignore"))
        if damaged <= _MOST_DAMAGED * len(text) and damaged <= _MOST_UNREADABLE * (len(text) - telling):
            return text
    return None


def _guessed(content: bytes) -> str:
    charset = guess(content)
    if charset is None:
        msg = "expected text, got bytes that are text in no known charset; declare it: `text/plain; charset=…`"
        raise UnsupportedMediaTypeError(msg)
    text = content.decode(_WIDER.get(codecs.lookup(charset).name, charset), "replace")
    unreadable = text.count(_REPLACED)
    if unreadable > _MOST_UNREADABLE * len(text):
        msg = f"expected readable text, got {unreadable} unreadable characters of {len(text)} as {charset}"
        raise GarbledError(msg)
    return text
