"""EML: the headers that people read, the text, and the attachments that are in a known format."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32

from service.documents import Scalar
from service.errors import PermanentError, UnsafeError
from service.ingest.charsets import decode
from service.ingest.formats import html, plain
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.damage import reading
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument
from service.ingest.reading import read

_UNDECLARED = re.compile("[\udc80-\udcff]")
"""A byte of a header that is no ASCII."""
_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_ENCODED = re.compile(r"=\?[^?\s]*\?[bBqQ]\?[^?]*\?=(?:\s+=\?[^?\s]*\?[bBqQ]\?[^?]*\?=)*")
"""Encoded words, of which the space between two is no part of the text."""
_LONGEST = 1000
_LOOKED_AT = 50 * _LONGEST
"""Characters of an encoded header that are read for that; the library takes quadratic time."""
_MOST_PARTS = 1000
_MOST_NAMED = 50
_STUB = 0.5
"""Share of the HTML part's text below which the plain part is taken for a stub: "Your program shows no HTML"."""


class _AsTheyCame(Compat32):
    """Headers as they came, each byte that is not ASCII as half a surrogate: the library would make all of them one."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


@dataclass(slots=True)
class _Parts:
    """What a mail is made of."""

    plain: list[ParsedDocument] = field(default_factory=list)
    html: list[tuple[bytes, str | None]] = field(default_factory=list)
    """Sources and the charsets that are declared for them."""
    attachments: list[tuple[str, Message]] = field(default_factory=list)


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return headers and text, then each attachment that can be read, under its name.

    Raises:
        UnsafeError: it has more parts than any real mail, or deeper ones.
        GarbledError, UnsupportedMediaTypeError: its text is in no known charset.

    """
    with reading("EML"):
        message = email.message_from_bytes(content, policy=_AsTheyCame())
        parts = _sorted_parts(message, options)
    builder = DocumentBuilder(options.max_characters)
    headers = {name: text for name in _HEADERS if (text := _header(message, name))}
    for name, text in headers.items():
        builder.line(f"{name}: {text}")
    prose = sum(len(name) + len(text) + 3 for name, text in headers.items())
    for body in _bodies(parts, options):
        builder.include(body)
    names = [name for name, _ in parts.attachments[:_MOST_NAMED]]
    metadata: dict[str, Scalar] = {f"mail_{name.lower()}": text for name, text in headers.items() if name != "Subject"}
    if identifier := _header(message, "Message-ID"):
        metadata["mail_message_id"] = identifier
    if names:
        builder.paragraph(f"Attachments: {', '.join(names)}")
        metadata["mail_attachments"] = ", ".join(names)[:_LONGEST]
    if options.attachment_depth and parts.attachments:
        _include_attachments(parts, builder, replace(options, attachment_depth=options.attachment_depth - 1))
    return replace(builder.build(headers.get("Subject"), _language(message, parts), metadata), prose=prose)


def _sorted_parts(message: Message, options: IngestOptions) -> _Parts:
    parts = _Parts()
    for count, part in enumerate(_leaves(message), 1):
        if count > _MOST_PARTS:
            msg = f"expected a mail of at most {_MOST_PARTS} parts, got more"
            raise UnsafeError(msg)
        kind = part.get_content_type()
        name = _file_name(part)
        if name or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            parts.attachments.append((name or _decoded(kind), part))
        elif kind == "text/html":
            parts.html.append((_payload(part), part.get_content_charset()))
        else:
            parts.plain.append(plain.parse(_payload(part), part.get_content_charset(), options))
    return parts


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, in order; a mail in a mail is one of them."""
    stack = [message]
    while stack:
        part = stack.pop()
        if part.is_multipart() and part.get_content_type().startswith("multipart/"):
            stack.extend(reversed([inner for inner in part.get_payload() if isinstance(inner, Message)]))
        else:
            yield part


def _bodies(parts: _Parts, options: IngestOptions) -> list[ParsedDocument]:
    """Return the plain parts, or the HTML parts where the plain ones are a stub.

    The text of a page is no longer than its source. So most mails are read without a look at theirs.
    """
    said = sum(len(body.text.strip()) for body in parts.plain)
    if said >= _STUB * sum(len(source) for source, _ in parts.html):
        return parts.plain
    pages = [html.parse(source, charset, options) for source, charset in parts.html]
    return pages if said < _STUB * sum(len(page.text.strip()) for page in pages) else parts.plain


def _language(message: Message, parts: _Parts) -> str | None:
    """Return the language that the mail declares, or the first of its HTML parts that declares one."""
    if said := _header(message, "Content-Language"):
        return said
    return next(filter(None, (html.language_of(source) for source, _ in parts.html)), None)


def _include_attachments(parts: _Parts, builder: DocumentBuilder, options: IngestOptions) -> None:
    for name, part in parts.attachments:
        try:
            document = read(_payload(part), part.get_content_type(), name, part.get_content_charset(), options)
        except PermanentError:  # a picture, or damaged: it is named above, and the mail is readable without it
            continue
        builder.heading(1, name)
        builder.include(document[1])


def _payload(part: Message) -> bytes:
    if part.is_multipart() and part.get_content_type() == "message/rfc822":
        return b"".join(inner.as_bytes() for inner in part.get_payload() if isinstance(inner, Message))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _file_name(part: Message) -> str:
    name = part.get_filename()
    return _decoded(name) if name else ""


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return _decoded(value) if value is not None else ""


def _decoded(value: str) -> str:
    """Return a header's text on one line; characters in no declared charset are read as in a file."""
    text = value[:_LOOKED_AT]
    if _UNDECLARED.search(text):
        raw = text.encode("ascii", "surrogateescape")
        try:
            text = decode(raw)
        except PermanentError:  # damaged: the mail is readable without it
            text = raw.decode("utf-8", "replace")
    if "=?" in text:
        text = _ENCODED.sub(_plain, text)
    return " ".join(text.split())[:_LONGEST]


def _plain(encoded: re.Match[str]) -> str:
    try:
        return str(make_header(decode_header(encoded[0])))
    except (LookupError, UnicodeError, ValueError, MessageError):
        return encoded[0]
