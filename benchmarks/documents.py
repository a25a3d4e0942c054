"""The documents of the benchmark: events made from their number alone, so that every system is given the same ones.

A document has two paragraphs of about a thousand characters, which are two chunks for every system. In each of them ten
words are said more than once: those are its keywords, however they are scored. Words come from a vocabulary of 3,000
with popular and rare ones, so that documents share keywords as real ones do.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.words import CONTENT, STOPWORDS

Event = dict[str, Any]

CHUNKS = 2
KEYWORDS = 10
"""Per chunk."""
TIMES_SAID = (6, 5, 4, 4, 3, 3, 3, 2, 2, 2)
"""How often each keyword of a chunk is said."""
FILLERS = 32
"""Words of a chunk that are said once."""
SKEW = 2.0
"""The popularity of words: the n-th of V is said in proportion to n ** (1 / SKEW - 1)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is in the graph, or must be."""

    documents: int
    chunks: int
    pairs: int
    """Chunks that follow each other."""
    keywords: int
    links: int
    """From keywords to chunks."""


def event(number: int, skew: float = SKEW, version: int = 1) -> Event:
    """Return the event that submits a document."""
    source = random.Random(number)
    return {
        "document_id": document_id(number),
        "version": version,
        "title": f"Report {number}",
        "media_type": "text/plain",
        "language": "en",
        "text": "\n\n".join(_paragraph(source, words) for words in _keywords(number, skew)),
    }


def events(first: int, count: int) -> Iterator[Event]:
    """Yield the events of so many documents."""
    return (event(number) for number in range(first, first + count))


def document_id(number: int) -> str:
    """Return the id of a document."""
    return f"bench/{number}"


def expected(first: int, count: int) -> Counts:
    """Return what the graph holds once these documents, and nothing else, are in it."""
    known = {word for number in range(first, first + count) for words in _keywords(number, SKEW) for word in words}
    return Counts(count, count * CHUNKS, count * (CHUNKS - 1), len(known), count * CHUNKS * KEYWORDS)


def _keywords(number: int, skew: float) -> list[list[str]]:
    """Return the keywords of each paragraph."""
    source = random.Random(f"{number} keywords")
    return [_draw(source, KEYWORDS, skew) for _ in range(CHUNKS)]


def _draw(source: random.Random, count: int, skew: float) -> list[str]:
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[CONTENT[int(len(CONTENT) * source.random() ** skew)]] = None
    return list(drawn)


def _paragraph(source: random.Random, keywords: list[str]) -> str:
    said = [word for word, times in zip(keywords, TIMES_SAID, strict=True) for _ in range(times)]
    fillers = [word for word in _draw(source, FILLERS + KEYWORDS, 1.0) if word not in keywords][:FILLERS]
    words = said + fillers
    source.shuffle(words)
    # A stop word before each keyword, so that no phrase is said twice, and between most other words, as in prose.
    kept = set(keywords)
    parts: list[str] = []
    for place, word in enumerate(words):
        stop = STOPWORDS[source.randrange(len(STOPWORDS))]
        if word in kept or place == 0 or words[place - 1] in kept:
            parts.append(stop)
        parts.append(word)
    return _sentences(parts)


def _sentences(words: list[str], length: int = 14) -> str:
    runs = (words[at : at + length] for at in range(0, len(words), length))
    return " ".join(f"{' '.join(run).capitalize()}." for run in runs)
