"""PDFs: bombs, loops, and what is not there."""

import zlib
from collections.abc import Iterable
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import PDF, READ, Hostile, hostile
from tests.unit.ingest.pdf_writer import assembled, pdf

MIB = 1 << 20
# What runs into a limit of the child, and which one first is a matter of the machine.
EXHAUSTED = (Reason.CRASHED, Reason.TIMEOUT, Reason.TOO_LARGE, Reason.UNSAFE)
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_WORDS = b"BT /F1 12 Tf 72 700 Td (The bees are in the hive and make honey.) Tj ET\n"


def packed(parts: Iterable[bytes]) -> bytes:
    """Return the parts as one Flate stream, without holding them in memory."""
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(part) for part in parts]) + packer.flush()


def stream(body: bytes, entries: bytes = b"/Filter/FlateDecode") -> bytes:
    """Return a stream object."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(body), entries, body)


def one_page(contents: bytes, *more: bytes, resources: bytes = b"") -> bytes:
    """Return a PDF whose only page has these contents; further objects start at number 6."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%s>>>>"
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return assembled([b"<</Type/Catalog/Pages 2 0 R>>", tree, page % resources, contents, _FONT, *more])


def blanks() -> bytes:
    return one_page(stream(packed([_WORDS, *([b" " * MIB] * 2048)])))


def many_words() -> bytes:
    return one_page(stream(packed([_WORDS * 14_000] * 256)))


def twice_packed() -> bytes:
    inner = packed([_WORDS, *([b" " * MIB] * 1024)])
    return one_page(stream(packed([inner]), b"/Filter[/FlateDecode/FlateDecode]"))


def page_loop() -> bytes:
    return assembled([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000>>"])


def many_pages() -> bytes:
    return pdf([["The bees are in the hive."]] * 20_000)


def bookmark_loop() -> bytes:
    good = one_page(
        stream(_WORDS, b""), b"<</First 7 0 R/Last 7 0 R/Count 2>>", b"<</Title(a)/Parent 6 0 R/Next 7 0 R>>"
    )
    return good.replace(b"/Pages 2 0 R>>", b"/Pages 2 0 R/Outlines 6 0 R>>", 1)


def form_that_draws_itself() -> bytes:
    form = stream(b"/X Do " + _WORDS, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>")
    return one_page(stream(b"/X Do " + _WORDS, b""), form, resources=b"/XObject<</X 6 0 R>>")


def forms_that_double() -> bytes:
    """Each form draws the next one twice: two to the power of thirty pictures."""
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>/Font<</F1 5 0 R>>>>"
    forms = [stream(b"/X Do /X Do ", head % (7 + number)) for number in range(30)]
    return one_page(stream(b"/X Do ", b""), *forms, stream(_WORDS, head % 5), resources=b"/XObject<</X 6 0 R>>")


def deep_arrays() -> bytes:
    return one_page(stream(_WORDS, b""), b"[" * 100_000 + b"]" * 100_000)


def deep_contents() -> bytes:
    return one_page(stream(packed([b"[" * MIB, b"<<" * MIB, _WORDS])))


def table_loop() -> bytes:
    good = pdf([["The bees are in the hive and make honey."]])
    at = good.rindex(b"xref\n0")
    return good.replace(b"/Root 1 0 R", b"/Prev %d/Root 1 0 R" % at)


def flipped() -> bytes:
    """Return a PDF in which every 97th byte is another one."""
    content = bytearray(pdf([["The bees are in the hive and make honey."] * 40] * 50, bookmarks=[(1, 3, "Honey")]))
    for at in range(50, len(content), 97):
        content[at] ^= 0x55
    return bytes(content)


def truncated() -> bytes:
    content = pdf([["The bees are in the hive and make honey."] * 40] * 50)
    return content[: len(content) // 2]


FILES: tuple[Hostile, ...] = (
    hostile("flate-bomb-2-gib.pdf", PDF, blanks, *EXHAUSTED, large=True),
    hostile("flate-bomb-words.pdf", PDF, many_words, *EXHAUSTED, large=True),
    hostile("flate-bomb-twice.pdf", PDF, twice_packed, *(Reason.CRASHED, Reason.TOO_LARGE, READ), large=True),
    hostile("page-loop.pdf", PDF, page_loop, Reason.TOO_LARGE),
    hostile("20000-pages.pdf", PDF, many_pages, Reason.TOO_LARGE, large=True),
    hostile("bookmark-loop.pdf", PDF, bookmark_loop, READ),
    hostile("form-that-draws-itself.pdf", PDF, form_that_draws_itself, READ),
    hostile("forms-that-double.pdf", PDF, forms_that_double, *EXHAUSTED, large=True),
    hostile("deep-arrays.pdf", PDF, deep_arrays, READ, large=True),
    hostile("deep-contents.pdf", PDF, deep_contents, READ, Reason.NO_TEXT),
    hostile("table-loop.pdf", PDF, table_loop, READ, Reason.CORRUPT),
    hostile("flipped.pdf", PDF, flipped, READ, Reason.CORRUPT, Reason.GARBLED, Reason.NO_TEXT),
    hostile("truncated.pdf", PDF, truncated, READ, Reason.CORRUPT),
    hostile("head-only.pdf", PDF, partial(bytes, b"%PDF-1.7\n" + bytes(range(256)) * 100), Reason.CORRUPT),
    hostile("no-page.pdf", PDF, partial(pdf, []), Reason.NO_TEXT, Reason.CORRUPT),
    hostile("scan.pdf", PDF, partial(pdf, [[], []]), Reason.NO_TEXT),
)
