"""What DOCX, PPTX and XLSX share: an archive of XML without document types, and its properties."""

from service.errors import PermanentError
from service.ingest.formats.archive import Archive
from service.ingest.formats.properties import Properties
from service.ingest.formats.safe_xml import check_prolog, parse
from service.ingest.options import KIB, IngestOptions

_CORE = "docProps/core.xml"
_PROLOG = 64 * KIB
# What the libraries that make documents write where nobody gave a title.
_NO_TITLES = frozenset({"word document", "powerpoint presentation", "document", "presentation", "untitled"})


def checked(content: bytes, options: IngestOptions) -> Archive:
    """Return the archive, after a look at the start of each XML file in it.

    Raises:
        PermanentError: it is damaged, encrypted, too large or unsafe; the type says which.

    """
    archive = Archive(content, options)
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
