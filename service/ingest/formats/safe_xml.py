"""XML from strangers: no entities, no external files, no bottomless trees."""

import re
from xml.parsers import expat

from lxml import etree

from service.errors import CorruptError, UnsafeError
from service.ingest.formats.damage import TOO_DEEP

_BLOCK = 65_536
# Nothing but a usual declaration and white space in front of a whole start tag: a document type can only stand there.
_ATTRIBUTE = rb"""\s++[A-Za-z][\w:.-]*+\s*+=\s*+(?:"[ !#-%'-;=-~]*+"|'[ -%(-;=-~]*+')"""
_DECLARATION = (
    rb"""(?:\xef\xbb\xbf)?+<\?xml version=["']1\.0["'](?: encoding=["'](?:UTF|utf)-8["'])?+"""
    rb"""(?: standalone=["'](?:yes|no)["'])?+\s*+\?>"""
)
_USUAL_PROLOG = re.compile(rb"(?:%b)?+\s*+<[A-Za-z][\w:.-]*+(?:%b)*+\s*+/?+>" % (_DECLARATION, _ATTRIBUTE))
_UTF_8 = re.compile(_DECLARATION)
# One for all: a document of many small parts spends more on parsers than on parsing. lxml lets one thread in at a time.
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
)
_LONGEST_TEXT = 10_000_000


class _SeenEnoughError(Exception):
    """The root element has been reached."""


def check_prolog(content: bytes, name: str, *, doctype: bool = False) -> None:
    """Refuse what a document type declaration may do; it can only stand before the root element.

    Args:
        content: an XML file.
        name: what to call it.
        doctype: whether a declaration that names a public type, as those of e-books do, is accepted; none is loaded.

    Raises:
        UnsafeError: it declares a document type or entities.
        CorruptError: it is no XML.

    """
    if _USUAL_PROLOG.match(content):
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = _stop
    parser.EntityDeclHandler = _refuse
    if not doctype:
        parser.StartDoctypeDeclHandler = _refuse
    try:
        for start in range(0, len(content), _BLOCK):
            parser.Parse(content[start : start + _BLOCK], False)
        msg = f"expected XML in {name}, got no element"
    except _SeenEnoughError:
        return
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # the latter two: of an encoding that expat cannot read
        msg = f"expected XML in {name}, got {error}"
    raise CorruptError(msg)


def parse(content: bytes, name: str, *, doctype: bool = False) -> etree._Element:
    """Return the root of an XML file; arguments and errors as those of `check_prolog`.

    Raises:
        UnsafeError: also when it is nested deeper than the parser goes.

    """
    check_prolog(content, name, doctype=doctype)
    try:
        root = etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, name) from None
    if root is None:
        msg = f"expected XML in {name}, got no element"
        raise CorruptError(msg)
    return root


def may_be_thinned(content: bytes) -> bool:
    """Return whether elements may be cut out of an XML file by their bytes.

    What looks like one must be one, or stand in a comment, and the texts around it must not grow together to one that
    is too long for the parser.
    """
    return len(content) < _LONGEST_TEXT and _UTF_8.match(content) is not None and b"[CDATA[" not in content


def _refusal(error: etree.XMLSyntaxError, name: str) -> CorruptError | UnsafeError:
    """Return what a syntax error means.

    Raises:
        MemoryError: the tree does not fit into the memory limit.

    """
    if "Memory allocation failed" in str(error) or "out of memory" in str(error):
        raise MemoryError
    if TOO_DEEP in str(error):
        return UnsafeError(f"expected XML of ordinary nesting in {name}, got deeper one: {error}")
    return CorruptError(f"expected XML in {name}, got {error}")


def _stop(*_: object) -> None:
    raise _SeenEnoughError


def _refuse(*_: object) -> None:
    msg = "expected XML without a document type declaration, got one: it could name other files or grow without end"
    raise UnsafeError(msg)
