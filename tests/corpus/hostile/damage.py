"""Good documents, cut off and with flipped bits: what a broken disk and a broken transfer leave of them."""

import random
from functools import partial
from pathlib import Path

from schemas.reasons import Reason
from tests.corpus.documents import DOCUMENTS, media_type_of
from tests.corpus.hostile.document import READ, Hostile, hostile

_FLIPS = 40
# Anything but a crash or a hang: what was hit decides.
_ANSWERS = (
    READ,
    Reason.CORRUPT,
    Reason.ENCRYPTED,
    Reason.GARBLED,
    Reason.NO_TEXT,
    Reason.TOO_LARGE,
    Reason.UNSAFE,
    Reason.UNSUPPORTED_MEDIA_TYPE,
)


def flipped(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    chance = random.Random(path.name)
    for _ in range(_FLIPS):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def truncated(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) * 3 // 5]


FILES: tuple[Hostile, ...] = tuple(
    hostile(f"{kind}-{path.name}", media_type_of(path), partial(spoil, path), *_ANSWERS)
    for path in DOCUMENTS
    for kind, spoil in (("flipped", flipped), ("truncated", truncated))
)
