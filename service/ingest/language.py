"""Which language a text is in: the script decides where it can, else the stop words vote."""

import math
import re
from collections.abc import Mapping
from functools import cache

import stopwordsiso

UNKNOWN = "und"
_SAMPLE = 2000
_GLANCE = 400
"""Characters that are looked at first."""
_CLEAR_LEAD = 1.5
_FEWEST_KNOWN = 0.12
"""Share of words that must be stop words of the language: readable text has about twice that."""
_SLIGHT_LEAD = 1.1
_FEW_WORDS = 3
"""So few stop words need more than a slight lead: `a` and `in` are words of a dozen languages."""
_TAG = re.compile(r"([a-z]{2,3})(?![a-z])")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = {
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "ja": re.compile(r"[\u3041-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
}
# A tie goes to the language that is named first.
# Letters that Ukrainian has and Russian and Bulgarian have not, and the other way round.
_UKRAINIAN = re.compile(r"[іїєґ]")
_NOT_UKRAINIAN = re.compile(r"[ыэёъў]")
_VOTING_CODES = "en de fr es it pt nl sv da no fi pl cs sk hu ro hr tr vi id ca et lv lt sl af ru uk bg"
_VOTING = tuple(_VOTING_CODES.split())


def language_of(text: str, given: str | None = None, hint: str | None = None) -> str:
    """Return the language of the text: the primary part of a given tag, a detected ISO 639-1 code, or `und`.

    Args:
        text: the document's text.
        given: what the producer says; it is believed.
        hint: what the document says of itself; it counts only where the text says nothing, as templates often lie.

    """
    if given:
        return given.partition("-")[0].lower()
    sample = text[:_SAMPLE]
    if not sample.isascii() and (found := _by_script(sample)):
        return found
    found = _by_vote(sample)
    if found == UNKNOWN and hint and (tag := _TAG.match(hint.strip().lower())):
        return tag[1]
    return found


def _by_script(sample: str) -> str | None:
    counts = {language: len(letters.findall(sample)) for language, letters in _LETTERS.items()}
    total = sum(map(str.isalpha, sample))
    # Japanese is mostly written in Han characters; the syllables between them tell.
    if counts["ja"] > 0.08 * total:
        return "ja"
    language = max(counts, key=counts.__getitem__)
    # The lists of stop words of Cyrillic languages are much alike, and short for Ukrainian.
    if len(_UKRAINIAN.findall(sample)) > 0.02 * total and not _NOT_UKRAINIAN.search(sample):
        return "uk"
    # Chinese packs a word into two characters, so that English names in it soon outnumber them.
    share = 0.2 if language == "zh" else 0.4
    return language if counts[language] > share * total else None


def _by_vote(sample: str) -> str:
    # A few lines are mostly enough, and this runs for every document.
    winner, lead = _vote(sample[:_GLANCE])
    if lead < _CLEAR_LEAD and len(sample) > _GLANCE:
        winner, _ = _vote(sample)
    return winner


def _vote(sample: str) -> tuple[str, float]:
    """Return the language with most votes, or `und`, and how many times the votes of the next one it has."""
    ballots = _ballots()
    words = _WORD.findall(sample.lower())
    votes = dict.fromkeys(_VOTING, 0.0)
    for word in words:
        for language, weight in ballots.get(word, ()):
            votes[language] += weight
    winner = max(votes, key=votes.__getitem__)
    known = sum(map(_listed(winner).__contains__, words))
    if known <= _FEWEST_KNOWN * len(words):
        return UNKNOWN, 0.0
    most = votes.pop(winner)
    lead = most / (max(votes.values()) or most)
    if known <= _FEW_WORDS and lead < _SLIGHT_LEAD:
        return UNKNOWN, 0.0
    return winner, lead


@cache
def _ballots() -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Return for each stop word the languages it speaks for, and how loudly.

    A word of many languages says little about each of them, and so does a word of a long list.
    """
    speakers: dict[str, list[str]] = {}
    for language in _VOTING:
        for word in _listed(language):
            speakers.setdefault(word, []).append(language)
    loudness = {language: 1 / math.log(20 + len(_listed(language))) for language in _VOTING}
    return {
        word: tuple((language, loudness[language] / len(languages)) for language in languages)
        for word, languages in speakers.items()
    }


@cache
def _listed(language: str) -> frozenset[str]:
    return frozenset(stopwordsiso.stopwords(language))
