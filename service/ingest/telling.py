"""Tells what a document is: by its first bytes, its declared media type and its file name.

What the bytes say for certain wins over everything, so that a wrong declaration is found out. Among the text formats,
which bytes do not tell apart, the declaration wins, then the name, and only then the content is asked. All of this is
quick enough for the event loop; what is in a ZIP or OLE file is told later, in a child (`containers`).
"""

import posixpath
import re

from service.errors import CorruptError, UnsupportedMediaTypeError
from service.ingest import media_types as types
from service.ingest.formats import added_formats, format_of, formats, suffixes
from service.ingest.media_types import MediaType

_SAYS_NOTHING = frozenset(
    {
        "",
        "*/*",
        "application/octet-stream",
        "application/x-unknown",
        "application/x-zip-compressed",
        "application/zip",
        "binary/octet-stream",
        "multipart/x-zip",
    }
)
# What web servers call every text; a name tells more.
_SAYS_LITTLE = frozenset({types.PLAIN})
_NARROWS_PLAIN = frozenset({types.MARKDOWN, types.CSV, types.TSV, types.JSON, types.JSONL, types.EML})
_PDF_HEAD = re.compile(rb"[\s\0]*(?:\xef\xbb\xbf)?%PDF-\d")
_HTML_HEAD = re.compile(
    rb"\s*+(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,200}-->\s*)?<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE,
)
# Two headers at least, one of them of a kind that only mails have. Each line is matched in one way only: with two,
# lines like headers of which none is that of a mail would take time that doubles with each of them.
_MAIL_HEAD = re.compile(
    rb"(?:From [^\n]{1,200}\n)?(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]{0,999}\n(?:[ \t][^\n]{0,999}\n){0,40}){0,60}?"
    rb"(?:Message-ID|MIME-Version|Received|Return-Path|Delivered-To):[^\n]{0,999}\n[A-Za-z][A-Za-z0-9-]{1,60}:",
    re.IGNORECASE,
)
_MAIL_START = re.compile(rb"(?:From |[A-Za-z][A-Za-z0-9-]{1,60}:)")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_HEADS = {b"PK\x03\x04": types.ZIP, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": types.OLE, b"{\\rtf": types.RTF}
_CONTAINED = {types.ZIP, types.OLE}
# First bytes that no text has, as patterns. They are named in the error, so that a producer sees what was really sent.
_BINARY = {
    rb"PK\x05\x06": "an empty ZIP archive",
    rb"\x89PNG": "a PNG image",
    rb"\xff\xd8\xff": "a JPEG image",
    rb"GIF8[79]a": "a GIF image",
    rb"II\*\0": "a TIFF image",
    rb"MM\0\*": "a TIFF image",
    rb"RIFF....(?:WEBP|WAVE|AVI )": "a RIFF file (WEBP, WAV, AVI)",
    rb"\x1f\x8b": "a gzip file",
    rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)": "a bzip2 file",
    rb"\xfd7zXZ\0": "an xz file",
    rb"7z\xbc\xaf": "a 7-Zip archive",
    rb"Rar!\x1a": "a RAR archive",
    rb"\x7fELF": "a program",
    rb"MZ\x90\0": "a program",
}
_BINARY_NAMES = tuple(_BINARY.values())
# One look for all of them: most documents begin like none.
_BINARY_HEAD = re.compile(b"|".join(b"(%s)" % head for head in _BINARY), re.DOTALL)
# Formats that begin in one way only: other bytes declared as one of them are not one.
_BEGIN_AS_ZIP = frozenset({types.DOCX, types.PPTX, types.XLSX, types.ODT, types.ODS, types.ODP, types.EPUB})
_BEGIN_AS = dict.fromkeys(_BEGIN_AS_ZIP, "a ZIP archive") | {types.XLS: "an OLE file", types.RTF: "`{\\rtf`"}


def tell(content: bytes, declared: str | None, name: str | None = None) -> MediaType:
    """Return the media type to read the content as; `media_types.ZIP` or `OLE` for what must be looked into.

    Raises:
        UnsupportedMediaTypeError: the content starts as a binary format that is not read.
        CorruptError: it is declared as a binary format, and neither starts as that nor is it named as text.

    """
    given = _read(declared or "")
    named = suffixes().get(_suffix(name), "")
    if added := _added(content, given.name, named):
        return MediaType(added, given.charset)
    if certain := _certain(content):
        return MediaType(certain)
    kind = given.name
    if kind in _SAYS_NOTHING or (kind in _SAYS_LITTLE and named in _NARROWS_PLAIN):
        kind = named
    if kind in _BEGIN_AS:
        # Spreadsheets are often tables of HTML or CSV under another name.
        kind = _text_instead(content, kind, named)
    return MediaType(kind or _guessed(content), given.charset)


def _read(declared: str) -> MediaType:
    name = declared.partition(";")[0].strip().lower()
    charset = _CHARSET.search(declared)
    known = formats().get(name)
    if known is None and name.endswith("+json"):
        name = types.JSON
    return MediaType(known.media_types[0] if known else name, charset[1].lower() if charset else None)


def _suffix(name: str | None) -> str:
    return posixpath.splitext((name or "").replace("\\", "/"))[1].lower()


def _added(content: bytes, given: str, named: str) -> str | None:
    """Return the type of an added format that claims the content, the declaration or, without one, the name."""
    for each in added_formats():
        if content.startswith(each.heads or (b"\0no head",)):
            return each.media_types[0]
    wanted = named if given in _SAYS_NOTHING or given in _SAYS_LITTLE else given
    return wanted if wanted and formats().get(wanted) in added_formats() else None


def _certain(content: bytes) -> str | None:
    if _PDF_HEAD.match(content, 0, 1024):
        return types.PDF
    for head, name in _HEADS.items():
        if content.startswith(head):
            return name
    if (found := _BINARY_HEAD.match(content)) and found.lastindex:
        msg = f"expected a document, got {_BINARY_NAMES[found.lastindex - 1]}"
        raise UnsupportedMediaTypeError(msg)
    return None


def _text_instead(content: bytes, kind: str, named: str) -> str:
    if _HTML_HEAD.match(content, 0, 1024):
        return types.HTML
    if named and named not in _BEGIN_AS and named != types.PDF:
        return named
    if b"\0" not in content[:1024] and kind == types.XLS and b"\t" in content[:1024]:
        return types.TSV
    msg = f"expected {kind} to begin as {_BEGIN_AS[kind]}, got {content[:16]!r}"
    raise CorruptError(msg)


def _guessed(content: bytes) -> str:
    if _HTML_HEAD.match(content, 0, 1024):
        return types.HTML
    if _MAIL_START.match(content) and _MAIL_HEAD.match(content, 0, 16_384):
        return types.EML
    return types.PLAIN


def is_isolated(media_type: MediaType) -> bool:
    """Return whether a document of that type is read in a child process whatever its size.

    Raises:
        UnsupportedMediaTypeError: it is not read at all.

    """
    return media_type.name in _CONTAINED or format_of(media_type.name).isolated
