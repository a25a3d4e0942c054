"""Documents that ask for a password."""

import hashlib
import struct
import zipfile
from functools import partial
from io import BytesIO

from schemas.reasons import Reason
from tests.corpus.hostile.archives import archive, docx
from tests.corpus.hostile.document import DOCX, EPUB, ODT, PDF, PPTX, READ, XLSX, Hostile, hostile
from tests.corpus.hostile.office import epub, text_odt
from tests.corpus.hostile.tables import compound
from tests.unit.ingest.pdf_writer import assembled

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_PERMITTED = struct.pack("<i", -4)
_ID = b"docgraph-corpus!"
_WORDS = b"BT /F1 12 Tf 72 700 Td (The bees are in the hive and make honey.) Tj ET"


def rc4(key: bytes, data: bytes) -> bytes:
    """Return the data under the oldest cipher of PDF."""
    box = list(range(256))
    other = 0
    for at in range(256):
        other = (other + box[at] + key[at % len(key)]) % 256
        box[at], box[other] = box[other], box[at]
    out = bytearray()
    at = other = 0
    for byte in data:
        at = (at + 1) % 256
        other = (other + box[at]) % 256
        box[at], box[other] = box[other], box[at]
        out.append(byte ^ box[(box[at] + box[other]) % 256])
    return bytes(out)


def md5(data: bytes) -> bytes:
    return hashlib.md5(data).digest()


def pdf_with_password(password: bytes) -> bytes:
    """Return a PDF that this password opens; an empty one opens without asking, and printing is forbidden."""
    owner = rc4(md5((b"owner" + _PADDING)[:32])[:5], (password + _PADDING)[:32])
    key = md5((password + _PADDING)[:32] + owner + _PERMITTED + _ID)[:5]
    contents = rc4(md5(key + (4).to_bytes(3, "little") + bytes(2))[:10], _WORDS)
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            b"<</Length %d>>stream\n%s\nendstream" % (len(contents), contents),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (_hex(owner), _hex(rc4(key, _PADDING))),
        ],
        b"/Encrypt 6 0 R/ID[<%s><%s>]" % (_hex(_ID), _hex(_ID)),
    )


def _hex(data: bytes) -> bytes:
    return data.hex().encode()


def locked_archive() -> bytes:
    """Return a DOCX whose members are marked as encrypted."""
    out = bytearray(docx())
    with zipfile.ZipFile(BytesIO(out)) as packed:
        for member in packed.infolist():
            out[member.header_offset + 6] |= 1
    at = out.find(b"PK\x01\x02")
    while at >= 0:
        out[at + 8] |= 1
        at = out.find(b"PK\x01\x02", at + 4)
    return bytes(out)


def locked_odt() -> bytes:
    manifest = (
        b'<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry '
        b'm:full-path="content.xml" m:media-type="text/xml" m:size="400"><m:encryption-data m:checksum-type="SHA1/1K" '
        b'm:checksum="AAAA"/></m:file-entry></m:manifest>'
    )
    noise = md5(b"bees") * 40
    return archive([("mimetype", ODT.encode()), ("content.xml", noise), ("META-INF/manifest.xml", manifest)])


def locked_epub() -> bytes:
    """Return an e-book whose chapter is encrypted, as shops sell them."""
    rights = (
        b'<?xml version="1.0"?><encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><e:EncryptedData '
        b'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#'
        b'aes128-cbc"/><e:CipherData><e:CipherReference URI="c.xhtml"/></e:CipherData></e:EncryptedData></encryption>'
    )
    with zipfile.ZipFile(BytesIO(epub(b"<p>bees</p>"))) as book:
        members = [(name, book.read(name)) for name in book.namelist() if name != "c.xhtml"]
    return archive([*members, ("c.xhtml", md5(b"bees") * 40), ("META-INF/encryption.xml", rights)])


_LOCKED = partial(compound, streams=("EncryptionInfo", "EncryptedPackage"))

FILES: tuple[Hostile, ...] = (
    hostile("password.pdf", PDF, partial(pdf_with_password, b"s3cret"), Reason.ENCRYPTED),
    hostile("no-printing.pdf", PDF, partial(pdf_with_password, b""), READ),
    hostile("password.docx", DOCX, _LOCKED, Reason.ENCRYPTED),
    hostile("password.xlsx", XLSX, _LOCKED, Reason.ENCRYPTED),
    hostile("password.pptx", PPTX, _LOCKED, Reason.ENCRYPTED),
    hostile("password-undeclared", None, _LOCKED, Reason.ENCRYPTED),
    hostile("password-archive.docx", DOCX, locked_archive, Reason.ENCRYPTED),
    hostile("password.odt", ODT, locked_odt, Reason.ENCRYPTED),
    hostile("no-password.odt", ODT, partial(text_odt, b"The bees are in the hive."), READ),
    hostile("rights.epub", EPUB, locked_epub, Reason.ENCRYPTED),
)
