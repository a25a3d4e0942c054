"""Terms of scripts without spaces: Chinese by part of speech, Japanese by runs, Thai between its stop words."""

import re
from collections.abc import Iterator
from functools import cache

from service.ingest.plurals import singular
from service.ingest.stopwords import stopwords

BREAK = ""
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3041-\u30fa]")
_THAI = re.compile(r"[\u0e01-\u0e5b]")
# Nouns, names of all kinds, verbal nouns, set phrases and foreign words in the dictionary's notation.
_NOUNS = frozenset({"n", "nz", "ns", "nr", "nrt", "nrfg", "nt", "vn", "eng", "l"})
_LONGEST = 20
_GLANCE = 400
_SHORTEST_LATIN = 3
# Runs of Han characters and of katakana are mostly nouns, with the syllables of grammar between them.
_JAPANESE = re.compile(r"([\u4e00-\u9fff々〆]{2,12}|[\u30a1-\u30faー]{2,20}|[a-z][a-z0-9-]{2,30})|[^\s]")
_THAI_RUN = re.compile(r"[\u0e01-\u0e5b]+|([a-z][a-z0-9-]{2,30})|[^\s]")
_SHORTEST_THAI = 3


def has_chinese(text: str) -> bool:
    """Return whether at least an eighth of the first characters are Han."""
    return _has(text, _HAN)


def is_japanese(text: str) -> bool:
    """Return whether at least an eighth of the first characters are Japanese syllables."""
    return _has(text, _KANA)


def has_thai(text: str) -> bool:
    """Return whether at least an eighth of the first characters are Thai."""
    return _has(text, _THAI)


def _has(text: str, letters: re.Pattern[str]) -> bool:
    head = text[:_GLANCE]
    return len(letters.findall(head)) * 8 > len(head)


def terms_of_chinese(text: str) -> Iterator[str]:
    """Yield the nouns of the text, and a break for each other word."""
    # Imported here: the dictionary takes 0.1 s to load, and a child may never meet Chinese.
    import rjieba  # noqa: PLC0415

    empty = stopwords("zh")
    for word, tag in rjieba.tag(text):
        is_topic = tag in _NOUNS and 1 < len(word) < _LONGEST and word not in empty and not word.isdigit()
        yield _latin(word) if is_topic else BREAK


def terms_of_japanese(text: str) -> Iterator[str]:
    """Yield runs of Han characters and of katakana, and a break for each other character."""
    empty = stopwords("ja")
    for word in _JAPANESE.findall(text):
        yield BREAK if word in empty else _latin(word)


def terms_of_thai(text: str) -> Iterator[str]:
    """Yield what lies between stop words and spaces, with breaks around it.

    Without a dictionary words cannot be told apart; what is written together between two words of grammar is mostly a
    noun or a verb with its object, and it is the same wherever it is written.
    """
    for found in _THAI_RUN.finditer(text):
        if found[1] or not _THAI.match(found[0]):
            yield _latin(found[1]) if found[1] else BREAK
            continue
        for piece in _thai_stopwords().split(found[0]):
            yield piece if _SHORTEST_THAI <= len(piece) <= _LONGEST else BREAK
            yield BREAK
    yield BREAK


@cache
def _thai_stopwords() -> re.Pattern[str]:
    # The longest first; single letters are parts of words more often than words. A vowel sign stays with its letter.
    words = sorted((word for word in stopwords("th") if _THAI.match(word) and len(word) > 1), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, words))})(?![\u0e30-\u0e3a\u0e45-\u0e4e])")


def _latin(word: str) -> str:
    """Return an English word as it is in English texts, so that both meet in one keyword; others as they are."""
    if not word.isascii():
        return word
    if len(word) < _SHORTEST_LATIN or word in stopwords("en"):
        return BREAK
    return singular(word) if word.endswith("s") else word
