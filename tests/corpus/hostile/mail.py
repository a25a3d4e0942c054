"""Mails: parts within parts, boundaries that never come, headers without end."""

import base64

from schemas.reasons import Reason
from tests.corpus.hostile.archives import docx, many_paragraphs
from tests.corpus.hostile.document import DOCX, EML, READ, Hostile, hostile

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
_HEAD = b"From: bee@example.org\r\nTo: hive@example.org\r\nSubject: Honey\r\nMIME-Version: 1.0\r\n"
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe bees are in the hive.\r\n"
MAIL = _HEAD + _TEXT


def parts_within_parts(levels: int) -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(levels)
    )
    closed = b"".join(b"--b%d--\r\n" % level for level in reversed(range(levels)))
    return _HEAD + opened + _TEXT + closed


def mails_within_mails(levels: int) -> bytes:
    return (_HEAD + b"Content-Type: message/rfc822\r\n\r\n") * levels + _HEAD + _TEXT


def many_parts(count: int) -> bytes:
    part = b"--b\r\n" + _TEXT
    return _HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + part * count + b"--b--\r\n"


def attached(name: bytes, media_type: str, content: bytes) -> bytes:
    body = base64.encodebytes(content)
    head = b"--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n" % media_type.encode()
    return (
        _HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + _TEXT + head
        + b'Content-Disposition: attachment; filename="' + name + b'"\r\n\r\n' + body + b"--b--\r\n"
    )  # fmt: skip


def attached_bomb() -> bytes:
    return attached(b"a.docx", DOCX, many_paragraphs())


FILES: tuple[Hostile, ...] = (
    hostile("deep.eml", EML, lambda: parts_within_parts(5000), Reason.UNSAFE),
    hostile("mails-in-mails.eml", EML, lambda: mails_within_mails(2000), Reason.UNSAFE, READ),
    hostile("20000-parts.eml", EML, lambda: many_parts(20_000), READ, *TOO_MUCH),
    hostile("no-end.eml", EML, lambda: many_parts(3).replace(b"--b--", b""), READ),
    hostile(
        "no-boundary.eml",
        EML,
        lambda: _HEAD + b"Content-Type: multipart/mixed\r\n\r\nThe bees are in the hive.\r\n",
        READ,
        *(Reason.CORRUPT, Reason.NO_TEXT),
    ),
    hostile("long-header.eml", EML, lambda: b"X-Bees: " + b"bees " * 1_000_000 + b"\r\n" + MAIL, READ, *TOO_MUCH),
    hostile("many-headers.eml", EML, lambda: b"X-Bees: bees\r\n" * 100_000 + MAIL, READ, *TOO_MUCH),
    hostile(
        "many-encoded-words.eml",
        EML,
        lambda: b"Subject: " + b"=?utf-8?q?bees?= " * 20_000 + b"\r\nMIME-Version: 1.0\r\n" + _TEXT,
        READ,
        *TOO_MUCH,
    ),
    hostile(
        "many-addresses.eml",
        EML,
        lambda: b"To: " + b"bee <bee@example.org>, " * 20_000 + b"(((((" * 2000 + b"\r\n" + _HEAD + _TEXT,
        READ,
        *TOO_MUCH,
    ),
    hostile("not-base64.eml", EML, lambda: _HEAD + _not_base64(), READ, Reason.CORRUPT, Reason.NO_TEXT, Reason.GARBLED),
    hostile("name-up.eml", EML, lambda: attached(b"../../../../tmp/docgraph-was-here", DOCX, docx()), READ),
    hostile("bomb-attached.eml", EML, attached_bomb, READ, *TOO_MUCH, large=True),
)


def _not_base64() -> bytes:
    return b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"!*%&(" * 100_000
