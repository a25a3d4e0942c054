"""A chunk as a sequence of terms: words that may be keywords, normalised, with a break where no phrase goes on."""

import re
from functools import cache
from itertools import chain

from service.ingest.affixes import BARE
from service.ingest.normal_form import normal_form
from service.ingest.plurals import singular
from service.ingest.stopwords import LISTED, stopwords
from service.ingest.unspaced import (
    BREAK,
    has_chinese,
    has_thai,
    is_japanese,
    terms_of_chinese,
    terms_of_japanese,
    terms_of_thai,
)

_SHORTEST = 3
_SHORTEST_HANGUL = 2
"""A Korean noun has two syllables, each a character, as often as not."""
_LONGEST = 40
_LINE_END = " ; "
_MOST_REMEMBERED = 20_000
# One group: findall gives the word, or an empty string, which is a break, for anything else.
# Vowel marks, which `\w` leaves out. Lao, Khmer and Burmese have spaces between phrases only: a long one is dropped.
_MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0963\u0966-\u0dff"
    r"\u0e30-\u0e3a\u0e47-\u0e4e\u0eb0-\u0ebc\u1000-\u109f\u1780-\u17d3"
)
_WORD = re.compile(rf"([^\W\d_][\w{_MARKS}]*(?:[-'][\w{_MARKS}]+)*)|\d[\w.,]*|[^\w\s]")
_POSSESSIVE = re.compile(r"'s\b")
_NO_PROSE = re.compile(r"://|[@/\\]")
_FENCED = re.compile(r"^(```|~~~).*?(?:^\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_FOLDED = frozenset({"en", "und"})
_FIRST_KANA, _FIRST_HANGUL = "\u3040", "\uac00"


def terms_of(text: str, language: str) -> list[str]:
    """Return the terms of the text in order."""
    if "```" in text or "~~~" in text:
        text = _FENCED.sub("\n\n", text)
    text = normal_form(text)
    if not text.isascii():
        if language == "ja" or (language != "zh" and is_japanese(text)):
            return list(terms_of_japanese(text))
        if has_chinese(text):
            return list(terms_of_chinese(text))
        if has_thai(text):
            return list(terms_of_thai(text))
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
        # In the form in which the words of the text are.
        self._empty = stopwords(language) | frozenset(map(normal_form, stopwords(language)))
        self._folds = language in _FOLDED
        self._bare = BARE.get(language)

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
        return tuple(map(self._term, _WORD.findall(_POSSESSIVE.sub("", token))))

    def _term(self, word: str) -> str:
        if self._bare:
            word = self._bare(word)
        shortest = _SHORTEST_HANGUL if word[:1] >= _FIRST_HANGUL else _SHORTEST
        if word in self._empty or not shortest <= len(word) <= _LONGEST:
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
    return _FIRST_KANA <= character < _FIRST_HANGUL
