"""Which language a text is in: the script decides where it can, else the stop words vote."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
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
}
# Scripts of which one language has most texts, by the blocks of 128 characters that they take in Unicode.
_BLOCKS = {
    0x06: "el", 0x07: "el", 0x0A: "hy", 0x0B: "he", 0x0C: "ar", 0x0D: "ar", 0x12: "hi", 0x13: "bn", 0x14: "pa",
    0x15: "gu", 0x16: "or", 0x17: "ta", 0x18: "te", 0x19: "kn", 0x1A: "ml", 0x1B: "si", 0x1C: "th", 0x1D: "lo",
    0x1E: "bo", 0x1F: "bo", 0x20: "my", 0x21: "ka", 0x24: "am", 0x25: "am", 0x26: "am", 0x2F: "km",
}  # fmt: skip
# Languages that share a script are told apart by letters that the others do not have.
_TELLING = {
    "ar": (("ur", re.compile("[ٹڈڑںےھ]")), ("fa", re.compile("[پچژگکی]"))),
    "hi": (("mr", re.compile("ळ|आहे|आणि")),),
}
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_TELLING_CYRILLIC = (
    ("be", re.compile("[ўЎ]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("sr", re.compile("[ђћјљњџЂЋЈЉЊЏ]")),
    ("bg", re.compile("ъ[^ыэе ]")),
    ("ru", re.compile("[ыэЫЭ]")),
)
_CLEAR_SHARE = 0.005
# A tie goes to the language that is named first.
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
    counts |= _by_blocks(sample)
    total = sum(map(str.isalpha, sample))
    # Japanese is mostly written in Han characters; the syllables between them tell.
    if counts["ja"] > 0.08 * total:
        return "ja"
    language = max(counts, key=counts.__getitem__)
    # Chinese packs a word into two characters, so that English names in it soon outnumber them.
    share = 0.2 if language == "zh" else 0.4
    if counts[language] > share * total:
        return _told_apart(sample, language, _TELLING.get(language, ()), counts[language])
    cyrillic = len(_CYRILLIC.findall(sample))
    if cyrillic > 0.4 * total:
        return _told_apart(sample, None, _TELLING_CYRILLIC, cyrillic)
    return None


def _by_blocks(sample: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for block, count in Counter(ord(character) >> 7 for character in sample).items():
        if language := _BLOCKS.get(block):
            counts[language] = counts.get(language, 0) + count
    return counts


def _told_apart(
    sample: str, usual: str | None, telling: Iterable[tuple[str, re.Pattern[str]]], letters: int
) -> str | None:
    """Return the first language whose own letters the sample has enough of, else the usual one."""
    for language, own in telling:
        if len(own.findall(sample)) > _CLEAR_SHARE * letters:
            return language
    return usual


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
