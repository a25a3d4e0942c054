"""What is written together with a word and is none of it: French and Italian articles, Korean particles."""

import re
from collections.abc import Callable, Mapping

_ELIDED = re.compile(
    r"^(?:[ldjtsmnc]|qu|jusqu|lorsqu|puisqu|quoiqu|un|all|dall|dell|nell|sull|coll|quell|quest|bell|sant|gl|d)'(?=\w)"
)
# Only those that hardly any noun ends in, after two syllables at least: `가` and `이` end many.
_PARTICLE = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:에서는|에서도|에서|에게서|에게|으로는|으로|까지|부터|처럼|보다|에는|에도|은|는|을|를|에)$"
)


def _without_article(word: str) -> str:
    return _ELIDED.sub("", word)


def _without_particle(word: str) -> str:
    return _PARTICLE.sub("", word)


BARE: Mapping[str, Callable[[str], str]] = {
    "fr": _without_article,
    "it": _without_article,
    "ca": _without_article,
    "ko": _without_particle,
}
"""By language: takes a word in lower case, returns it without what is attached to it."""
