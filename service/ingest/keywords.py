"""The keywords of a chunk: a function of its text and language only, so a chunk that stays keeps its links.

Candidates are words and phrases of up to three words with no stop word or punctuation between them. A word that is
said again counts; a phrase of two words counts more than its words; a phrase of three must be said again. That way the
keywords of related documents are the same ones and meet in the graph, which rare long phrases never do.
"""

from collections import Counter
from itertools import pairwise

from service.documents import Keyword
from service.ingest.terms import joined, terms_of
from service.ingest.unspaced import BREAK

_PHRASE = 1.5
"""Score of a phrase for each time it is said; that of a word is 1."""
_ONCE = 0.5
"""Score of a word that is said once."""
_WITH_TOPIC = 0.7
"""Score of a phrase that is said once, but one of whose words is said again."""
_WITHOUT_TOPIC = 0.4
_LIGHTEST = 0.0001
_INSIDE = 0.6
"""Score of a word for each time it is said, when that is only inside one phrase."""


def keywords_of(text: str, language: str, most: int) -> tuple[Keyword, ...]:
    """Return the keywords of the text, the heaviest first; the heaviest weighs 1.

    Args:
        text: a chunk.
        language: ISO 639-1 code or `und`.
        most: how many to return at most.

    """
    terms = terms_of(text, language)
    words = Counter(terms)
    del words[BREAK]
    scores: dict[str, float] = {word: count if count > 1 else _ONCE for word, count in words.items()}
    said_again = {word for word, count in words.items() if count > 1}
    # Of all phrases, only one with a word that is said again can outweigh a single word: the others, by far the most,
    # are not even looked at while there are words enough.
    topical = said_again if len(scores) >= most else words
    # A break is the empty string.
    pairs = Counter([(a, b) for a, b in pairwise(terms) if (a in topical or b in topical) and a and b and a != b])
    for pair, count in pairs.items():
        if count > 1:
            _score_repeated(scores, words, pair, count)
        else:
            has_topic = pair[0] in said_again or pair[1] in said_again
            scores[joined(pair)] = _WITH_TOPIC if has_topic else _WITHOUT_TOPIC
    _score_triples(scores, terms, pairs)
    # Python's sort is stable, so of equal ones the first in the text wins.
    best = sorted(scores, key=scores.__getitem__, reverse=True)[:most]
    most_said = scores[best[0]] if best else 1
    # The name is the normalised form, not the one in the text: the same keyword comes from many documents, and its name
    # must not depend on which of them is written last.
    return tuple([Keyword(f"keyword:{name}", name, round(scores[name] / most_said, 4) or _LIGHTEST) for name in best])


def _score_repeated(scores: dict[str, float], words: Counter[str], phrase: tuple[str, ...], count: int) -> None:
    """Score a phrase that is said again, and lower the words that are said only inside it."""
    scores[joined(phrase)] = count * _PHRASE
    for word in phrase:
        if words[word] == count:
            scores[word] = count * _INSIDE


def _score_triples(scores: dict[str, float], terms: list[str], pairs: Counter[tuple[str, str]]) -> None:
    """Score phrases of three words that are said again; the pairs that are said only inside them are dropped."""
    # Most chunks have no two repeated pairs, and without those there is no repeated triple.
    if sum(count > 1 for count in pairs.values()) < 2:  # noqa: PLR2004
        return
    for triple, count in Counter(zip(terms, terms[1:], terms[2:], strict=False)).items():
        if count > 1 and BREAK not in triple and len(set(triple)) == len(triple):
            for pair in pairwise(triple):
                if pairs[pair] == count:
                    scores.pop(joined(pair), None)
            scores[joined(triple)] = count * _PHRASE
