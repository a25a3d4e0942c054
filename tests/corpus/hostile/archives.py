"""ZIP archives that claim to be documents: bombs, lies about sizes, names that lead elsewhere."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import DOCX, EPUB, ODT, PPTX, READ, XLSX, Hostile, hostile

MIB = 1 << 20
TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
_XML = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    b"</Relationships>"
)
WORD = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
WORD_END = b"</w:body></w:document>"
PARAGRAPH = b"<w:p><w:r><w:t>The bees are in the hive and make honey.</w:t></w:r></w:p>"


def archive(members: Iterable[tuple[str | zipfile.ZipInfo, bytes | Iterable[bytes]]]) -> bytes:
    """Return a ZIP archive; a member's content may come in parts, so that it is never whole in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if info.filename == "mimetype" else zipfile.ZIP_DEFLATED
            with packed.open(info, "w", force_zip64=not isinstance(content, bytes)) as member:
                for part in [content] if isinstance(content, bytes) else content:
                    member.write(part)
    return out.getvalue()


def docx(
    body: bytes | Iterable[bytes] = PARAGRAPH, doctype: bytes = b"", more: Iterable[tuple[str, bytes]] = ()
) -> bytes:
    """Return a DOCX with this inside its body."""
    parts = [body] if isinstance(body, bytes) else body

    def document() -> Iterable[bytes]:
        yield _XML + doctype + WORD
        yield from parts
        yield WORD_END

    whole = document() if not isinstance(body, bytes) else b"".join(document())
    types, relations = ("[Content_Types].xml", _XML + _TYPES), ("_rels/.rels", _XML + _RELATIONS)
    return archive([types, relations, ("word/document.xml", whole), *more])


def many_paragraphs() -> bytes:
    return docx([PARAGRAPH * 20_000] * 450)


def one_word() -> bytes:
    return docx([b"<w:p><w:r><w:t>a", *([b" " * MIB] * 400), b"</w:t></w:r></w:p>"])


def many_members() -> bytes:
    return docx(more=((f"word/media/{number}.png", b"") for number in range(100_000)))


def archives_within() -> bytes:
    """Return an archive of archives, ten in each, of a kilobyte of nothing in the end."""
    inner = archive([("nothing.txt", b"\0" * MIB)])
    for _ in range(5):
        inner = archive((f"{number}.zip", inner) for number in range(10))
    return docx(more=[("word/embeddings/inner.zip", inner)])


def names_that_lead_out(name: str) -> bytes:
    return docx(more=[(name, b"should not be here"), (f"word/{name}", b"nor here")])


def link_to_passwords() -> bytes:
    link = zipfile.ZipInfo("word/document.xml", (2026, 1, 1, 0, 0, 0))
    link.external_attr = 0o120777 << 16
    parts = [("[Content_Types].xml", _XML + _TYPES), ("_rels/.rels", _XML + _RELATIONS)]
    return archive([*parts, (link, b"../../../../../../etc/passwd")])


def shared_data(copies: int = 400) -> bytes:
    """Return an archive whose many members are one and the same run of compressed bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = _XML + WORD + PARAGRAPH * 80_000 + WORD_END
    data = packer.compress(body) + packer.flush()
    check = zlib.crc32(body)
    head = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0x5C21, check, len(data), len(body))
    out = bytearray()
    entries = bytearray()
    first = b"word/document.xml"
    local = struct.pack("<I", 0x04034B50) + head + struct.pack("<HH", len(first), 0) + first
    out += local + data
    for number in range(copies):
        name = first if not number else b"word/copy%d.xml" % number
        tail = struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0)
        entries += struct.pack("<IH", 0x02014B50, 20) + head + tail + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, copies, copies, len(entries), len(out), 0)
    return bytes(out + entries + end)


def lie_about_sizes() -> bytes:
    """Return a DOCX of 300 MB that says it has a few bytes."""
    true = docx([PARAGRAPH * 20_000] * 220)
    out = bytearray(true)
    at = true.index(b"word/document.xml", true.rindex(b"PK\x01\x02[Content_Types].xml"[:4]) - 400) - 46
    at = true.rindex(b"PK\x01\x02", 0, true.rindex(b"word/document.xml"))
    struct.pack_into("<I", out, at + 24, 500)
    return bytes(out)


def without_document() -> bytes:
    return archive([("[Content_Types].xml", _XML + _TYPES), ("_rels/.rels", _XML + _RELATIONS)])


def truncated(build: Callable[[], bytes]) -> bytes:
    whole = build()
    return whole[: len(whole) * 2 // 3]


FILES: tuple[Hostile, ...] = (
    hostile("zip-bomb.docx", DOCX, many_paragraphs, *TOO_MUCH, large=True),
    hostile("zip-bomb-one-word.docx", DOCX, one_word, *TOO_MUCH, large=True),
    hostile("100000-members.docx", DOCX, many_members, *TOO_MUCH, large=True),
    hostile("archives-within.docx", DOCX, archives_within, READ, *TOO_MUCH),
    hostile("shared-data.docx", DOCX, shared_data, Reason.CORRUPT, *TOO_MUCH),
    hostile("lie-about-sizes.docx", DOCX, lie_about_sizes, Reason.CORRUPT, *TOO_MUCH, large=True),
    hostile(
        "names-up.docx", DOCX, partial(names_that_lead_out, "../../../../tmp/docgraph-was-here"), READ, Reason.UNSAFE
    ),
    hostile("names-absolute.docx", DOCX, partial(names_that_lead_out, "/tmp/docgraph-was-here"), READ, Reason.UNSAFE),
    hostile("names-windows.docx", DOCX, partial(names_that_lead_out, "..\\..\\docgraph"), READ, Reason.UNSAFE),
    hostile("link.docx", DOCX, link_to_passwords, Reason.CORRUPT, Reason.UNSAFE, secret="root:"),
    hostile("without-document.docx", DOCX, without_document, Reason.CORRUPT, Reason.UNSUPPORTED_MEDIA_TYPE),
    hostile("truncated.docx", DOCX, partial(truncated, docx), Reason.CORRUPT),
    *(
        hostile(
            f"empty-archive.{kind}", media_type, partial(archive, ()), Reason.CORRUPT, Reason.UNSUPPORTED_MEDIA_TYPE
        )
        for kind, media_type in {"docx": DOCX, "pptx": PPTX, "xlsx": XLSX, "odt": ODT, "epub": EPUB}.items()
    ),
)
