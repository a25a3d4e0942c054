"""Our texts in the character sets that people really have, declared and undeclared."""

from dataclasses import dataclass

from tests.corpus.labelled import LabelledText, labelled_text

# The text, Python's name of the charset, and the name that is written in pages and mails where that is another one.
_CHARSETS = (
    ("en-tides", "utf-16", "utf-16"),
    ("en-tides", "utf-8-sig", "utf-8"),
    ("zh-tea", "utf-16", "utf-16"),
    ("zh-tea", "gb18030", "gb18030"),
    ("zh-tea", "gb18030", "gb2312"),
    ("zh-hant-umbrella", "big5", "big5"),
    ("ja-onsen", "shift_jis", "shift_jis"),
    ("ja-onsen", "euc_jp", "euc-jp"),
    ("ko-kimchi", "euc_kr", "euc-kr"),
    ("de-leuchtturm", "cp1252", "windows-1252"),
    ("fr-fromage", "latin-1", "iso-8859-1"),
    ("pl-sol", "cp1250", "windows-1250"),
    ("ru-samovar", "cp1251", "windows-1251"),
    ("ru-samovar", "koi8_r", "koi8-r"),
    ("tr-hali", "cp1254", "windows-1254"),
    ("ar-dates", "cp1256", "windows-1256"),
)


@dataclass(frozen=True, slots=True)
class EncodedText:
    """A text of ours as bytes."""

    text: LabelledText
    charset: str
    declared: str
    """How its producer would call the charset."""
    content: bytes


def encoded_texts() -> list[EncodedText]:
    """Return texts in each of the charsets."""
    return [
        EncodedText(text, charset, declared, text.text.replace("—", "-").encode(charset))
        for name, charset, declared in _CHARSETS
        if (text := labelled_text(name))
    ]
