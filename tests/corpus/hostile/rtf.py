"""RTF with groups that never end, numbers that are too large, and more pictures than text."""

from collections.abc import Callable
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import READ, RTF, Hostile, hostile

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)


def rtf(body: bytes, end: bytes = b"}") -> Callable[[], bytes]:
    """Return what makes an RTF file with this after its first words."""
    return partial(bytes, rb"{\rtf1 The bees are in the hive " + body + end)


FILES: tuple[Hostile, ...] = (
    hostile("deep.rtf", RTF, rtf(b"{" * 1_000_000 + b"}" * 1_000_000), READ, Reason.UNSAFE, Reason.CORRUPT),
    hostile("unclosed.rtf", RTF, rtf(rb"{\b honey", b""), READ, Reason.CORRUPT),
    hostile("long-binary.rtf", RTF, rtf(rb"\bin9999999999 x"), READ, Reason.CORRUPT),
    hostile("many-controls.rtf", RTF, rtf(rb"\par\b\i0\u-10179?\'e4" * 100_000), READ, *TOO_MUCH, large=True),
    hostile("huge-number.rtf", RTF, rtf(rb"\u" + b"9" * 500_000 + b"?"), READ, Reason.CORRUPT, *TOO_MUCH),
    hostile(
        "fonts.rtf", RTF, rtf(rb"{\fonttbl" + rb"\f5\fcharset0 Sans" * 20_000), READ, Reason.NO_TEXT, Reason.UNSAFE
    ),
    hostile("picture.rtf", RTF, rtf(rb"{\pict " + b"ab" * 3_000_000 + b"}"), READ, *TOO_MUCH, large=True),
    hostile("half-characters.rtf", RTF, rtf(rb"\u-10179?" * 5_000), READ, Reason.CORRUPT),
)
