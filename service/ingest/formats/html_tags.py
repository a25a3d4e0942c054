"""The tags of a page in order, as HTML's tokenizer finds them: none in comments, values of attributes, programs."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    <!--(?:-?> | .*?(?:--!?>|\Z))               # a comment
    | <(?:[!?]|/[^a-z>])[^>]*+>?+               # what counts as one
    | <(/?)([a-z][^\s/>]*+)                     # a tag, with its attributes
      (?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>"'][^\s>]*+)?+)?+)*+
      [\s/]*+>?+
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
"""Elements that hold no tags, and what ends each."""
_FOREIGN = frozenset({"svg", "math"})
"""Elements of XML; a `script` in one may hold tags."""


def tags_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield each tag: `/` for an end, else nothing, and its name in lower case. Takes linear time."""
    foreign = at = 0
    while found := _TOKEN.search(source, at):
        at = found.end()
        if (name := (found[2] or "").lower()) == "":
            continue
        yield found[1], name
        if name in _FOREIGN:
            foreign = max(foreign + (-1 if found[1] else 1), 0)
        elif name in _RAW_ENDS and not found[1] and not foreign:
            end = _RAW_ENDS[name].search(source, at)
            at = end.start() if end else len(source)
