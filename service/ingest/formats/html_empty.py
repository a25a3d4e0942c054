"""Closes elements that are empty in XML's way: `<title/>`, `<span id="page-7"/>`, a `<path …/>` of an SVG.

HTML knows no such thing: its parser takes them as opened, so a `<script src="…"/>` in a page of XHTML would swallow the
rest of the page, and a thousand `<span/>` would look like a thousand elements inside each other.
"""

import re

_END = "/>"
_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9:._-]{0,60})(?![^\s\"'])[^>]*\Z")
# They never have an end, and `</br>` is another `<br>`.
_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())


def closed(source: str) -> str:
    """Return the page with an end tag for each empty element that needs one.

    A tag with `>` in an attribute's value is left as it is.
    """
    *pieces, rest = source.split(_END)
    parts: list[str] = []
    for piece in pieces:
        tag = _TAG.match(piece, max(piece.rfind("<"), 0))
        parts += piece, _END if tag is None or tag[1].lower() in _VOID else f"></{tag[1]}>"
    return "".join([*parts, rest])
