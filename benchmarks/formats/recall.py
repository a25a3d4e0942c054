"""How much of a reference text was found, and how much of what was found is in the reference: as bags of words."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

# Without spaces between words each character counts.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Match:
    """Shares of words, from 0 to 1."""

    recall: float
    precision: float


def match(found: str, reference: str) -> Match:
    """Return how far the found text is the reference; order does not count."""
    ours, theirs = _words(found), _words(reference)
    common = (ours & theirs).total()
    return Match(common / max(1, theirs.total()), common / max(1, ours.total()))


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
