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
_RAW = frozenset({"script", "style", "title", "textarea"})
"""What is in them is no markup: a program may hold such a tag in a string, and must not end there."""


def closed(source: str) -> str:
    """Return the page with an end tag for each empty element that needs one.

    A tag with `>` in an attribute's value is left as it is.
    """
    *pieces, rest = source.split(_END)
    parts: list[str] = []
    for piece in pieces:
        parts += piece, _end_of(piece)
    return "".join([*parts, rest])


def _end_of(piece: str) -> str:
    """Return what ends the tag at the end of a piece of the page."""
    at = max(piece.rfind("<"), 0)
    tag = _TAG.match(piece, at)
    if tag is None or (name := tag[1].lower()) in _VOID:
        return _END
    if name in _RAW and (before := piece[:at].rstrip()) and not before.endswith(">"):
        return _END
    return f"></{tag[1]}>"
