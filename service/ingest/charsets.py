"""Bytes to characters: byte order mark, declared charset, HTML meta, UTF-8, and only then a guess."""

import codecs
import re

from service.errors import GarbledError, UnsupportedMediaTypeError
from service.ingest.language import language_of

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 first: its little-endian mark starts with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([A-Za-z0-9_\-]{1,40})""", re.IGNORECASE)
# GB 18030 reads all that its forerunners read, and pages declared as those use its additional characters.
_GB18030 = frozenset({"gb2312", "gbk", "x-gbk", "gb_2312-80", "cp936", "euc-cn", "gb18030"})
# Python's codecs that are no charsets: they interpret the text, and may yield lone surrogates.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape"}
)
_TURKISH = frozenset("ĞİŞğış".encode("cp1254"))
_SAMPLE = 262_144
_MOST_UNREADABLE = 0.1


def decode(content: bytes, declared: str | None = None, *, html: bool = False) -> str:
    r"""Return the text with line ends as `\n` and without NUL and byte order mark.

    Raises:
        GarbledError: more than a tenth of the characters cannot be read in the likeliest charset.
        UnsupportedMediaTypeError: the bytes are not text.

    """
    text = _decoded(content, declared, html=html)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "").removeprefix("\ufeff")


def _decoded(content: bytes, declared: str | None, *, html: bool) -> str:
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content.decode(charset, "replace")
    meta = _meta_charset(content) if html and not declared else None
    for likely in (declared, meta, "utf-8"):
        if likely and (text := _strictly(content, likely)) is not None:
            return text
    return _guessed(content)


def _meta_charset(content: bytes) -> str | None:
    found = _META.search(content, 0, 4096)
    charset = found[1].decode("ascii").lower() if found else None
    # Were it true, the declaration could not have been found byte by byte.
    return None if charset is None or charset.startswith(("utf-16", "utf-32", "ucs")) else charset


def _strictly(content: bytes, charset: str) -> str | None:
    charset = charset.lower()
    if charset in _NO_CHARSETS:
        return None
    try:
        return content.decode("gb18030" if charset in _GB18030 else charset)
    except (UnicodeError, LookupError):  # LookupError: a charset that Python does not know, or that is no text encoding
        return None


def _turkish(content: bytes, charset: str) -> str:
    """Return the Turkish code page for what was guessed to be another, if it is that.

    It differs from the Western European one in six letters only, Icelandic in one and Turkish in the other.
    """
    if not _TURKISH.isdisjoint(content[:_SAMPLE]):
        text = content[:_SAMPLE].decode("cp1254", "replace")
        if language_of(text) == "tr":
            return "cp1254"
    return charset


def _guessed(content: bytes) -> str:
    # Imported here: most documents are UTF-8 and never pay for it.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    best = from_bytes(content[:_SAMPLE]).best()
    if best is None:
        msg = "expected text, got bytes that are text in no known charset; declare it: `text/plain; charset=…`"
        raise UnsupportedMediaTypeError(msg)
    charset = _turkish(content, best.encoding)
    text = content.decode("gb18030" if charset in _GB18030 else charset, "replace")
    unreadable = text.count("\ufffd")
    if unreadable > _MOST_UNREADABLE * len(text):
        msg = f"expected readable text, got {unreadable} unreadable characters of {len(text)} as {charset}"
        raise GarbledError(msg)
    return text
