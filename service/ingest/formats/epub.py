"""EPUB: the chapters in the order of the spine, each read as a page of HTML."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from service.errors import CorruptError, EncryptedError
from service.ingest.formats import html
from service.ingest.formats.archive import Archive, opened
from service.ingest.formats.builder import DocumentBuilder
from service.ingest.formats.properties import Properties
from service.ingest.formats.safe_xml import parse as parse_xml
from service.ingest.options import IngestOptions
from service.ingest.parsed import ParsedDocument

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_NO_PAGES = ("image/", "audio/", "video/")


def parse(content: bytes, charset: str | None, options: IngestOptions) -> ParsedDocument:
    """Return the book's text.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = opened(content, options)
    container = parse_xml(archive.read(_CONTAINER), _CONTAINER)
    package_name = next((element.get("full-path", "") for element in container.iter("{*}rootfile")), "")
    package = parse_xml(archive.read(package_name), package_name, doctype=True)
    chapters = list(_chapters(package, posixpath.dirname(package_name)))
    _check_encryption(archive, frozenset(chapters))
    properties = Properties.of(package.iter("{http://purl.org/dc/elements/1.1/}*"))
    builder = DocumentBuilder(options.max_characters)
    language = properties.language
    for name in chapters:
        if name in archive.names:
            chapter = html.parse(archive.read(name), None, options)
            language = language or chapter.language
            builder.include(chapter)
    return builder.build(properties.title, language, properties.metadata)


def _chapters(package: etree._Element, folder: str) -> Iterator[str]:
    """Yield the names of the chapters, without the table of contents, which repeats the headings."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    seen: set[str] = set()
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in item.get("properties", "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")).partition("#")[0]))
        if name not in seen:
            seen.add(name)
            if not item.get("media-type", "").startswith(_NO_PAGES):  # a cover may be a picture and nothing else
                yield name
    if not seen:
        msg = "expected an e-book with chapters, got one whose spine names none"
        raise CorruptError(msg)


def _check_encryption(archive: Archive, chapters: frozenset[str]) -> None:
    """Refuse a book with copy protection; one that only veils its fonts is readable."""
    if _ENCRYPTION not in archive.names:
        return
    references = parse_xml(archive.read(_ENCRYPTION), _ENCRYPTION).iter("{*}CipherReference")
    if any(unquote(reference.get("URI", "")) in chapters for reference in references):
        msg = "expected a book without copy protection, got encrypted chapters; submit a decrypted copy"
        raise EncryptedError(msg)
