"""XML from strangers: no entities, no external files, no bottomless trees."""

from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from lxml import etree

from service.errors import CorruptError, UnsafeError
from service.ingest.formats.damage import TOO_DEEP

_BLOCK = 65_536


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
    except expat.ExpatError as error:
        msg = f"expected XML in {name}, got {error}"
    raise CorruptError(msg)


def parse(content: bytes, name: str, *, doctype: bool = False) -> etree._Element:
    """Return the root of an XML file; arguments and errors as those of `check_prolog`.

    Raises:
        UnsafeError: also when it is nested deeper than the parser goes.

    """
    check_prolog(content, name, doctype=doctype)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, name) from None
    if root is None:
        msg = f"expected XML in {name}, got no element"
        raise CorruptError(msg)
    return root


class Target(Protocol):
    """Takes the elements of an XML file in their order; a tag is its namespace, `}` and its name."""

    def start(self, tag: str, attributes: Mapping[str, str], /) -> None:
        """Take the start of an element."""

    def data(self, text: str, /) -> None:
        """Take text."""

    def end(self, tag: str, /) -> None:
        """Take the end of an element."""


def scan(content: bytes, name: str, target: Target, deepest: int) -> None:
    """Pass an XML file to the target, element by element.

    Raises:
        UnsafeError: it declares a document type or entities, or is nested deeper than `deepest`.
        CorruptError: it is no XML.

    """
    depth = 0

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > deepest:
            msg = f"expected at most {deepest} elements inside each other in {name}, got more"
            raise UnsafeError(msg)
        target.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        target.end(tag)

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = target.data
    parser.EntityDeclHandler = _refuse
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        msg = f"expected XML in {name}, got {error}"
        raise CorruptError(msg) from None


def _refusal(error: etree.XMLSyntaxError, name: str) -> CorruptError | UnsafeError:
    """Return what a syntax error means."""
    if TOO_DEEP in str(error):
        return UnsafeError(f"expected XML of ordinary nesting in {name}, got deeper one: {error}")
    return CorruptError(f"expected XML in {name}, got {error}")


def _stop(*_: object) -> None:
    raise _SeenEnoughError


def _refuse(*_: object) -> None:
    msg = "expected XML without a document type declaration, got one: it could name other files or grow without end"
    raise UnsafeError(msg)
