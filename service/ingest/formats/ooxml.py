"""What DOCX, PPTX and XLSX share: an archive of XML parts without document types, which refer to each other."""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lxml import etree

from service.errors import CorruptError, PermanentError
from service.ingest.formats.archive import Archive, opened
from service.ingest.formats.properties import Properties
from service.ingest.formats.safe_xml import check_prolog, parse
from service.ingest.options import KIB, IngestOptions

_CORE = "docProps/core.xml"
_PROLOG = 64 * KIB
# "Strict Open XML" is the same under other names. They stand in the root element.
_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"""(=["'])%b(\w+)/(main|relationships|math)(?=["'])""" % re.escape(_STRICT))
_USUAL_NAME = rb"\1http://schemas.openxmlformats.org/\2/2006/\3"
# What the libraries that make documents write where nobody gave a title.
_NO_TITLES = frozenset({"word document", "powerpoint presentation", "document", "presentation", "untitled"})


class Link(NamedTuple):
    """A part that another one refers to."""

    id: str
    kind: str
    """Last word of the relationship's type, such as `slide`."""
    part: str


class Package:
    """The parts of a document. Only those that are read are looked at."""

    def __init__(self, content: bytes, options: IngestOptions) -> None:
        """Open the archive.

        Raises:
            PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

        """
        self._archive = opened(content, options)
        self.properties = properties_of(self._archive)

    def main(self) -> str:
        """Return the name of the part that holds the document.

        Raises:
            CorruptError: there is none.

        """
        for link in self.links("", "officeDocument"):
            return link.part
        msg = "expected an office document with a main part, got one that names none"
        raise CorruptError(msg)

    def links(self, part: str, *kinds: str) -> Iterator[Link]:
        """Yield the parts in the archive that a part refers to, of the given kinds or of all."""
        folder, name = posixpath.split(part)
        file = posixpath.join(folder, "_rels", f"{name}.rels")
        if file not in self._archive.names:
            return
        for each in self.root(file).iter("{*}Relationship"):
            kind = each.get("Type", "").rpartition("/")[2]
            if (not kinds or kind in kinds) and each.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, each.get("Target", ""))).lstrip("/")
                yield Link(each.get("Id", ""), kind, target)

    def root(self, part: str, prepared: Callable[[bytes], bytes] = bytes) -> etree._Element:
        """Return the root element of a part, whose XML is prepared first.

        Raises:
            CorruptError: there is no such part, or it is damaged.
            UnsafeError: it declares a document type, or is nested deeper than the parser goes.

        """
        content = self._archive.read(part)
        if content.find(_STRICT, 0, _PROLOG) >= 0:
            content = _STRICT_NAME.sub(_USUAL_NAME, content)
        return parse(prepared(content), part)


def checked(content: bytes, options: IngestOptions) -> Archive:
    """Return the archive, after a look at the start of each XML file in it.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = opened(content, options)
    for name in sorted(archive.names):
        if name.endswith((".xml", ".rels", ".vml")) and (head := archive.head(name, _PROLOG)):
            check_prolog(head, name)
    return archive


def properties_of(archive: Archive) -> Properties:
    """Return the document's properties; damaged ones are none."""
    if _CORE not in archive.names:
        return Properties()
    try:
        found = Properties.of(parse(archive.read(_CORE), _CORE))
    except PermanentError:
        return Properties()
    if found.title and found.title.lower() in _NO_TITLES:
        found.title = None
    return found
