"""Finds tags with more attributes than any real one has, without building the tree."""

import re

_SHORTEST = 4000
"""Characters that a thousand different attributes need at least."""
# A tag ends at the first `>` that is in no quotes; where quotes are not what they seem, at the first one.
_TAGS = (
    re.compile(rf"<[a-zA-Z][^>]{{{_SHORTEST},}}"),
    re.compile(r"""<[a-zA-Z](?:[^>"']++|"[^"]*+"|'[^']*+')*+"""),
)
_ATTRIBUTE = re.compile(r"""[\s/"'][^\s/>="'][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?""")
_NO_TAGS = re.compile(r"<(script|style|!--)")
_ENDS = {"script": "</script", "style": "</style", "!--": "-->"}


def attributes_of(source: str, limit: int) -> int:
    """Return an estimate of the most attributes in a tag, or of the first number found beyond the limit.

    It can be misled by those who know how; the time limit of the child is there for them.
    """
    if len(source) <= _SHORTEST or _most(source, limit) <= limit:
        return 0
    # A program may look like a tag.
    return _most(_without_programs(source.lower()), limit)


def _without_programs(source: str) -> str:
    """Return the page without scripts, styles and comments; one that does not end goes on to the end."""
    parts = []
    at = 0
    while found := _NO_TAGS.search(source, at):
        parts.append(source[at : found.start()])
        at = source.find(_ENDS[found[1]], found.end())
        if at < 0:
            return "".join(parts)
    parts.append(source[at:])
    return "".join(parts)


def _most(source: str, limit: int) -> int:
    most = 0
    for tag in _TAGS:
        for found in tag.finditer(source):
            if found.end() - found.start() > _SHORTEST:
                most = max(most, sum(1 for _ in _ATTRIBUTE.finditer(source, found.start(), found.end())))
                if most > limit:
                    return most
    return most
