"""Whether text is made of words, or of the glyph numbers of a font without a character map."""

import re

from service.ingest.stopwords import all_stopwords

_WORD = re.compile(r"[A-Za-zÀ-ɏ]{3,}")
_SAMPLE = 100_000
_FEWEST_WORDS = 40
_FEWEST_KNOWN = 0.08
_FEWEST_VOWELS = 0.28
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœ")
_MOST_UNREADABLE = 0.2


def is_garbled(text: str) -> bool:
    """Return whether the text is unreadable.

    In readable prose half of the words of three letters and more are stop words of some language, in garbled text one
    of two hundred (measured). A list of parts has few as well, so the share of vowels must agree: a shifted alphabet
    leaves less than a fifth, a language has more than a third.
    """
    sample = text[:_SAMPLE]
    unreadable = sum(map(_is_unreadable, sample))
    if unreadable > _MOST_UNREADABLE * len(sample):
        return True
    words = _WORD.findall(sample.lower())
    if len(words) < _FEWEST_WORDS:
        return False
    known = sum(map(all_stopwords().__contains__, words))
    letters = "".join(words)
    vowels = sum(map(_VOWELS.__contains__, letters))
    return known < _FEWEST_KNOWN * len(words) and vowels < _FEWEST_VOWELS * len(letters)


def _is_unreadable(character: str) -> bool:
    """Private use, the replacement character and controls other than white space."""
    return "\ue000" <= character <= "\uf8ff" or character == "\ufffd" or (character < " " and character not in "\t\n\f")
