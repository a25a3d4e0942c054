"""A chunk as a sequence of terms: words that may be keywords, normalised, with a break where no phrase goes on."""

import re
import unicodedata
from functools import cache
from itertools import chain

from service.ingest.chinese import has_chinese, is_japanese, terms_of_chinese, terms_of_japanese
from service.ingest.plurals import singular
from service.ingest.stopwords import LISTED, stopwords

BREAK = ""
_SHORTEST = 3
_LONGEST = 40
_LINE_END = " ; "
_MOST_REMEMBERED = 20_000
# One group: findall gives the word, or an empty string, which is a break, for anything else.
# Vowel marks, which `\w` leaves out. Thai and its neighbours write without spaces: their runs are dropped as too long.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0963\u0966-\u0dff"
    r"\u0e30-\u0e3a\u0e47-\u0e4e\u0eb0-\u0ebc\u1000-\u109f\u1780-\u17d3"
)
_WORD = re.compile(rf"([^\W\d_][\w{_MARKS}]*(?:[-'][\w{_MARKS}]+)*)|\d[\w.,]*|[^\w\s]")
_POSSESSIVE = re.compile(r"'s\b")
_NO_PROSE = re.compile(r"://|[@/\\]")
_FENCED = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_FOLDED = frozenset({"en", "und"})
# Articles and the like that French, Italian and Catalan write onto the next word: `l'affinage` is `affinage`.
_ELIDED = re.compile(
    r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|un|dell|all|dall|nell|sull|coll|quell|quest|bell|sant|tutt|dov|com)'"
)
_ELIDING = frozenset({"ca", "fr", "it"})


def terms_of(text: str, language: str) -> list[str]:
    """Return the terms of the text in order."""
    if "```" in text or "~~~" in text:
        text = _FENCED.sub("\n\n", text)
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
        if language == "ja" or (language != "zh" and is_japanese(text)):
            return list(terms_of_japanese(text))
        if has_chinese(text):
            return list(terms_of_chinese(text, stopwords("zh")))
    tokens = text.replace("\n", _LINE_END).split()
    # Language tags come from outside; without this they would decide how many dictionaries there are.
    if language not in LISTED and language != "und":
        language = "other"
    return list(chain.from_iterable(map(_dictionary(language).__getitem__, tokens)))


class _Dictionary(dict[str, tuple[str, ...]]):
    """The terms of each token between spaces, such as `(hives,`, as far as seen.

    To look a token up is ten times as fast as to take it apart, and most tokens have been seen before.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self._empty = stopwords(language)
        self._folds = language in _FOLDED
        self._elides = language in _ELIDING

    def __missing__(self, token: str) -> tuple[str, ...]:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        terms = self._terms(token)
        if len(token) <= _LONGEST:
            self[token] = terms
        return terms

    def _terms(self, token: str) -> tuple[str, ...]:
        if _NO_PROSE.search(token):
            return (BREAK,)
        token = _ELIDED.sub("", token) if self._elides else _POSSESSIVE.sub("", token)
        return tuple(map(self._term, _WORD.findall(token)))

    def _term(self, word: str) -> str:
        if word in self._empty or not _SHORTEST <= len(word) <= _LONGEST:
            return BREAK
        term = singular(word) if self._folds and word.endswith("s") else word
        return BREAK if term in self._empty else term


_dictionary = cache(_Dictionary)


def joined(phrase: tuple[str, ...]) -> str:
    """Return the phrase as one string: with spaces, except between Chinese or Japanese words."""
    text = phrase[0]
    for word in phrase[1:]:
        text += word if _is_unspaced(word[0]) and _is_unspaced(text[-1]) else f" {word}"
    return text


def _is_unspaced(character: str) -> bool:
    """Return whether it is Han or kana, between which no spaces are written; Korean has spaces."""
    return "\u3005" <= character <= "\u9fff" or character >= "\U00020000"
