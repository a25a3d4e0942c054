"""How deep a page nests, estimated from its tags without building the tree."""

import re
from collections import Counter
from collections.abc import Iterable

from service.ingest.formats.html_tags import tags_of

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
# Elements without content, and those whose end the next one of their kind implies: a list of ten thousand unclosed
# items is flat.
_FLAT_NAMES = (
    "area base br col embed hr img input link meta param source track wbr "
    "p li dt dd td th tr thead tbody tfoot colgroup caption option optgroup rp rt"
)
_FLAT = frozenset(_FLAT_NAMES.split())


def depth_of(source: str, limit: int) -> int:
    """Return an estimate of the deepest nesting, or of the first level found beyond the limit.

    Comments and attribute values that look like tags count as such. Whoever hides depth that way needs several times
    the bytes for each level, which keeps the parser's time bearable. What looks too deep is looked at closely: a
    program says `i<n` a thousand times.
    """
    if source.count("<") <= limit:
        return 0
    deepest = _deepest(_TAG.findall(source), limit)
    return deepest if deepest <= limit else _deepest(tags_of(source), limit)


def _deepest(tags: Iterable[tuple[str, str]], limit: int) -> int:
    depth = deepest = 0
    opened: Counter[str] = Counter()
    for closing, name in tags:
        tag = name.lower()
        if tag in _FLAT:
            continue
        if not closing:
            opened[tag] += 1
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > limit:
                    return deepest
        elif opened[tag]:  # a closing tag without its opening one closes nothing
            opened[tag] -= 1
            depth -= 1
    return deepest
