"""Files that hold other files, ZIP and OLE: their members tell what they are. Never on the event loop."""

import re
from dataclasses import replace

from service.errors import EncryptedError, UnsupportedMediaTypeError
from service.ingest import media_types
from service.ingest.formats.archive import Archive, opened
from service.ingest.media_types import MediaType
from service.ingest.options import IngestOptions

_OFFICE = {"word/": media_types.DOCX, "ppt/": media_types.PPTX, "xl/": media_types.XLSX}
_DECLARED = re.compile(rb"application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{1,40})")
_ENTRY = 128
"""Bytes of an entry in an OLE directory; the names stand at their start, in UTF-16."""
_STREAMS = {
    "Workbook": media_types.XLS,
    "Book": media_types.XLS,
    "WordDocument": "a DOC file; submit it as DOCX",
    "PowerPoint Document": "a PPT file; submit it as PPTX",
    "__properties_version1.0": "an MSG file; submit it as EML",
}


def inside(content: bytes, media_type: MediaType, options: IngestOptions) -> MediaType:
    """Return the type of a ZIP or OLE file by what it holds, and any other type as it is.

    Raises:
        UnsupportedMediaTypeError: it holds no document that is read.
        EncryptedError: it holds an encrypted document.
        PermanentError: the archive is damaged, too large or unsafe; the type says which.

    """
    if media_type.name == media_types.ZIP:
        return replace(media_type, name=_in_archive(opened(content, options)))
    if media_type.name == media_types.OLE:
        return replace(media_type, name=_in_ole(content))
    return media_type


def _in_archive(archive: Archive) -> str:
    declared = archive.head("mimetype", _ENTRY).strip()
    if _DECLARED.fullmatch(declared):
        return declared.decode("ascii").removesuffix("-template").removesuffix("-master")
    if "META-INF/container.xml" in archive.names:
        return media_types.EPUB
    for folder, name in _OFFICE.items():
        if any(member.startswith(folder) for member in archive.names):
            return name
    first = ", ".join(sorted(archive.names)[:3])[:200]
    msg = f"expected a document, got a ZIP archive of {len(archive.names)} members such as {first!r}; submit them apart"
    raise UnsupportedMediaTypeError(msg)


def _in_ole(content: bytes) -> str:
    if _has_stream(content, "EncryptedPackage"):
        msg = "expected a document that opens without a password, got an encrypted one; submit a decrypted copy"
        raise EncryptedError(msg)
    for stream, kind in _STREAMS.items():
        if _has_stream(content, stream):
            if kind == media_types.XLS:
                return kind
            msg = f"expected a format that is read, got {kind}"
            raise UnsupportedMediaTypeError(msg)
    msg = "expected a format that is read, got an OLE file of another kind"
    raise UnsupportedMediaTypeError(msg)


def _has_stream(content: bytes, name: str) -> bool:
    wanted = f"{name}\0".encode("utf-16-le")
    at = content.find(wanted)
    while at >= 0 and at % _ENTRY:
        at = content.find(wanted, at + 1)
    return at >= 0
