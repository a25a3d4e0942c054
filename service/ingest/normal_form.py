"""The form of a text in which its words are compared: the same word, however it is typed, has one."""

import re
import unicodedata

# Soft hyphens, joiners, marks of direction; the Arabic stretch; vowel points of Arabic and Hebrew, which most omit.
_SILENT = re.compile("[\u00ad\u200c-\u200f\u2060\ufeff\u0640\u064b-\u0652\u0670\u0591-\u05bd\u05bf\u05c1\u05c2]")
_SPACES = re.compile("[\u200b]")
_VARIANTS = str.maketrans(
    {
        "’": "'",
        "ʼ": "'",
        "‐": "-",
        "‑": "-",
        # Alef with its various signs, and the two letters that end words alike.
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        # Persian keyboards and Arabic ones have different letters for one sound.
        "ک": "ك",
        "ی": "ي",
    }
)
_DOTTED = "i\u0307"
"""What the Turkish capital of `i` becomes in lower case."""


def normal_form(text: str) -> str:
    """Return the text in NFKC and lower case, without marks that many writers omit."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).lower()
    text = _SILENT.sub("", _SPACES.sub(" ", text)).translate(_VARIANTS)
    return text.replace(_DOTTED, "i")
