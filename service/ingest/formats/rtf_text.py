r"""The text among RTF's control words, with `\n` at the end of paragraphs and rows, and `|` at that of cells.

The tables of what is a destination, a special character or a charset are those of striprtf; its loop takes the source
character by character, and this one takes it run by run, in a third of the time.
"""

import re
from collections.abc import Mapping

from striprtf.striprtf import destinations, specialchars

from service.errors import UnsafeError
from service.ingest.formats.rtf_fonts import DEFAULT, encodings_of, known

_TOKEN = re.compile(
    r"([^\\{}\r\n]+)"  # 1: text
    r"|((?:\\u-?\d{1,10} ?(?:\?|\\'[0-9a-fA-F]{2}))+)"  # 2: characters, each with one that stands for it
    r"|((?:\\[a-zA-Z]{1,32}(?:-?\d{1,10})? ?[\r\n]*)+)"  # 3: control words
    # 4: a group that may be ignored, with groups in it but no deeper ones
    r"|(\{\\\*(?:[^{}\\]++|\\.|\{(?:[^{}\\]++|\\.)*+\})*+\})"
    r"|([{}])[\r\n]*"  # 5: a group's start or end
    r"|((?:\\'[0-9a-fA-F]{2})+)"  # 6: bytes
    r"|\\([^a-zA-Z])"  # 7: a control symbol
    r"|[\r\n]+",
    re.DOTALL,
)
_TEXT, _CHARACTERS, _WORDS, _IGNORABLE, _BRACE, _BYTES, _SYMBOL = range(1, 8)
_WORD = re.compile(r"\\([a-zA-Z]{1,32})(-?\d{1,10})?")
_MEANING = frozenset({*specialchars, *destinations, "f", "u", "uc", "ansicpg"})
_CHARACTER = re.compile(r"\\u(-?\d+)")
_STANDING_IN = re.compile(r"(\\u-?\d+) ?(?:(\?)|\\'(..))")


def text_of(source: str, deepest: int) -> str:
    """Return the text; a character beyond the first 65,536 is in two halves.

    Raises:
        UnsafeError: more than `deepest` groups are inside each other.
        ValueError: a character has a number that no character has.

    """
    reader = _Reader(encodings_of(source), deepest)
    for found in _TOKEN.finditer(source):
        kind = found.lastindex
        if kind == _BRACE:
            if not reader.turn(found[kind]):
                break
        elif reader.ignored or kind is None:
            continue
        elif kind == _TEXT:
            reader.put(found[kind])
        elif kind == _WORDS:
            reader.words(found[kind])
        elif kind == _CHARACTERS:
            reader.characters(found[kind])
        elif kind == _BYTES:
            reader.bytes(found[kind])
        elif kind == _SYMBOL:
            reader.symbol(found[kind])
        else:
            reader.skip = 0
    return "".join(reader.parts)


class _Reader:
    """What holds in the group that is being read."""

    def __init__(self, fonts: Mapping[str, str], deepest: int) -> None:
        self.parts: list[str] = []
        self.ignored = False
        self._fonts = fonts
        self._deepest = deepest
        self._known: dict[str, list[tuple[str, str]]] = {}
        """Control words that mean something, by the run that they stand in: most runs come again and again."""
        self._font: str | None = None
        self._encoding = DEFAULT
        self._standing_in = 1
        """How many characters follow one that old readers do not know, to be shown in its stead."""
        self.skip = 0
        """How many of these are still to come."""
        self._outer: list[tuple[bool, str | None, int]] = []

    def turn(self, brace: str) -> bool:
        """Enter or leave a group; return whether the document goes on."""
        self.skip = 0
        if brace == "{":
            self._outer.append((self.ignored, self._font, self._standing_in))
            if len(self._outer) > self._deepest:
                msg = f"expected at most {self._deepest} groups inside each other, got more"
                raise UnsafeError(msg)
        elif self._outer:
            self.ignored, self._font, self._standing_in = self._outer.pop()
        return bool(self._outer)

    def put(self, text: str) -> None:
        if self.skip:
            text, self.skip = text[self.skip :], max(0, self.skip - len(text))
        self.parts.append(text)

    def symbol(self, sign: str) -> None:
        self.skip = 0
        if sign == "*":
            self.ignored = True
        else:
            self.parts.append(specialchars.get(sign, ""))

    def characters(self, run: str) -> None:
        if self._standing_in == 1:
            self.parts += [_character(number) for number in _CHARACTER.findall(run)]
            self.skip = 0
            return
        for character, mark, byte in _STANDING_IN.findall(run):
            self.parts.append(_character(character[2:]))
            self.skip = self._standing_in
            if byte:
                self.bytes(rf"\'{byte}")
            else:
                self.put(mark)

    def bytes(self, run: str) -> None:
        content = bytes.fromhex(run.replace("\\'", ""))
        if self.skip:
            content, self.skip = content[self.skip :], max(0, self.skip - len(content))
        self.parts.append(content.decode(self._fonts.get(self._font or "", self._encoding), "replace"))

    def words(self, run: str) -> None:
        self.skip = 0
        words = self._known.get(run)
        if words is None:
            found = _WORD.findall(run)
            # The last one stays in any case: after it nothing stands in for a character.
            words = [each for each in found[:-1] if each[0] in _MEANING] + found[-1:]
            self._known[run] = words
        for word, number in words:
            if self.ignored:
                break
            self._word(word, number)

    def _word(self, word: str, number: str) -> None:
        self.skip = 0
        if word in specialchars:
            self.parts.append(specialchars[word])
        elif word in destinations:
            self.ignored = True
        elif word == "f":
            self._font = number
        elif word == "u":
            self.parts.append(_character(number) if number else "")
            self.skip = self._standing_in
        elif word == "uc":
            self._standing_in = min(int(number or 1), 100)
        elif word == "ansicpg":
            self._encoding = known(f"cp{number}", "utf-8")


def _character(number: str) -> str:
    code = int(number)
    return chr(code + 0x10000 if code < 0 else code)
