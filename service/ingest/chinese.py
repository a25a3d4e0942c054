"""Terms of scripts without spaces: Chinese by part of speech, Japanese by runs of Han characters and katakana."""

import re
from collections.abc import Iterator

BREAK = ""
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3041-\u30fa]")
# Nouns, names of all kinds, verbal nouns, set phrases and foreign words in the dictionary's notation.
_NOUNS = frozenset({"n", "nz", "ns", "nr", "nrt", "nrfg", "nt", "vn", "eng", "l"})
_LONGEST = 20
_GLANCE = 400
_JAPANESE = re.compile(r"([\u4e00-\u9fff々]{2,8}|[\u30a1-\u30faー]{2,20}|[a-z][a-z0-9-]{2,30})|[^\s]")


def has_chinese(text: str) -> bool:
    """Return whether at least an eighth of the first characters are Han."""
    head = text[:_GLANCE]
    return len(_HAN.findall(head)) * 8 > len(head)


def is_japanese(text: str) -> bool:
    """Return whether at least an eighth of the first characters are Japanese syllables."""
    head = text[:_GLANCE]
    return len(_KANA.findall(head)) * 8 > len(head)


def terms_of_chinese(text: str, empty: frozenset[str]) -> Iterator[str]:
    """Yield the nouns of the text, and a break for each other word."""
    # Imported here: the dictionary takes 0.1 s to load, and a child may never meet Chinese.
    import rjieba  # noqa: PLC0415

    for word, tag in rjieba.tag(text):
        is_topic = tag in _NOUNS and 1 < len(word) < _LONGEST and word not in empty and not word.isdigit()
        yield word if is_topic else BREAK


def terms_of_japanese(text: str) -> Iterator[str]:
    """Yield runs of Han characters and of katakana, which are mostly nouns, and a break for each other character."""
    yield from _JAPANESE.findall(text)
