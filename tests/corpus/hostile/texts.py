"""Text without end, without spaces or without sense, and bytes that are something else than they are said to be."""

import gzip
import random
from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import CSV, DOCX, HTML, JSON, MARKDOWN, PDF, PLAIN, READ, RTF, XLSX, Hostile, hostile
from tests.unit.ingest.pdf_writer import pdf

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
NOT_TEXT = (Reason.UNSUPPORTED_MEDIA_TYPE, Reason.GARBLED, Reason.CORRUPT)
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40
_PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(range(256)) * 40
_BEES = b"The bees are in the hive and make honey. "


def noise(size: int = 200_000) -> bytes:
    return random.Random(7).randbytes(size)


FILES: tuple[Hostile, ...] = (
    hostile("empty.txt", PLAIN, bytes, Reason.NO_TEXT),
    hostile("blank.txt", PLAIN, lambda: b" \n\t" * 500_000, Reason.NO_TEXT),
    hostile("only-a-mark.txt", PLAIN, lambda: b"\xef\xbb\xbf", Reason.NO_TEXT),
    hostile("nul.txt", PLAIN, partial(bytes, 100_000), Reason.NO_TEXT, *NOT_TEXT),
    hostile("noise.txt", PLAIN, noise, *NOT_TEXT),
    hostile("one-word.txt", PLAIN, lambda: b"a" * 10_000_000, READ, *TOO_MUCH, large=True),
    hostile("one-line.txt", PLAIN, lambda: _BEES * 200_000, READ, *TOO_MUCH, large=True),
    hostile("no-stops.txt", PLAIN, lambda: "蜜蜂在蜂箱里酿蜜".encode() * 100_000, READ, *TOO_MUCH, large=True),
    hostile("too-many-characters.txt", PLAIN, lambda: _BEES * 600_000, *TOO_MUCH, large=True),
    hostile("too-many-bytes.txt", PLAIN, lambda: _BEES * 1_700_000, Reason.TOO_LARGE, large=True),
    hostile("line-ends.txt", PLAIN, lambda: b"bees" + b"\r\n" * 2_000_000 + b"honey", READ, *TOO_MUCH, large=True),
    hostile("stacked-marks.txt", PLAIN, ("b" + "\u0301" * 200_000 + "ees in the hive").encode, READ),
    hostile("ligatures.txt", PLAIN, lambda: "\ufdfa ".encode() * 100_000, READ, *TOO_MUCH, large=True),
    hostile("hyphens.txt", PLAIN, lambda: b"bee-" * 500_000, READ),
    hostile("quotes.txt", PLAIN, lambda: b"bees' '" * 300_000, READ, large=True),
    hostile("half-utf-16.txt", PLAIN, lambda: "The bees are in the hive.".encode("utf-16")[:-1], READ, Reason.GARBLED),
    hostile(
        "mixed-charsets.txt",
        PLAIN,
        lambda: "蜜蜂在蜂箱里".encode("gb18030") * 50 + "Bienenkörbe".encode() * 50,
        READ,
        *NOT_TEXT,
    ),
    hostile("declared-idna.txt", "text/plain; charset=idna", lambda: b"xn--bees-" * 5000, READ),
    hostile("declared-zip.txt", "text/plain; charset=zip", lambda: gzip.compress(b" " * 50_000_000), *NOT_TEXT),
    hostile("spaces-undeclared", None, lambda: b" " * 8_000 + b"bees", READ),
    hostile("nearly-a-mail", None, lambda: b"Ab: x\r\n" * 60 + b"\r\n" + _BEES, READ),
    hostile("nearly-a-page", None, lambda: b" " * 1024 + _BEES, READ),
    hostile("picture-as-text", PLAIN, lambda: _PNG, Reason.UNSUPPORTED_MEDIA_TYPE),
    hostile("program-as-docx", DOCX, lambda: _PROGRAM, *NOT_TEXT),
    hostile("program-undeclared", None, lambda: _PROGRAM, *NOT_TEXT),
    hostile("noise-as-xlsx", XLSX, noise, *NOT_TEXT),
    hostile("text-as-docx", DOCX, lambda: _BEES * 50, READ, *NOT_TEXT),
    hostile("text-as-pdf", PDF, lambda: _BEES * 50, READ, *NOT_TEXT),
    hostile("text-as-json", JSON, lambda: _BEES * 50, READ, *NOT_TEXT),
    hostile("html-as-rtf", RTF, lambda: b"<!DOCTYPE html><html><body><p>" + _BEES, READ, *NOT_TEXT),
    hostile("pdf-as-html", HTML, lambda: pdf([[_BEES.decode()]]), READ),
    hostile("pdf-as-markdown", MARKDOWN, lambda: pdf([[_BEES.decode()]]), READ),
    # Short enough to be read on the event loop, where nothing ends what takes long.
    hostile("digits-short.txt", PLAIN, lambda: b"1 " * 10_000, READ),
    hostile("ligatures-short.txt", PLAIN, lambda: "\ufdfa".encode() * 6_000, READ),
    hostile("marks-short.txt", PLAIN, ("a" + "\u0315\u0300" * 5_000).encode, READ),
    hostile("spaces-short.txt", PLAIN, lambda: b"bees" + b" " * 20_000 + b"hive", READ),
    hostile("no-stops-short.txt", PLAIN, lambda: "蜜蜂在蜂箱里酿蜜".encode() * 800, READ),
    hostile("stops-short.txt", PLAIN, lambda: b"b. " * 6_000, READ),
    hostile("nested-short.json", JSON, lambda: b"[" * 4_000 + b"1" + b"]" * 4_000, Reason.UNSAFE),
    hostile("nested-short.md", MARKDOWN, lambda: b"> " * 4_000 + b"bees", READ),
    hostile("brackets-short.md", MARKDOWN, lambda: b"[" * 4_000 + b"bees" + b"](" * 2_000, READ),
    hostile("emphasis-short.md", MARKDOWN, lambda: b"*a_ " * 2_000, READ),
    hostile("tags-short.html", HTML, lambda: b"<b>" * 600 + b"bees", Reason.UNSAFE),
    hostile("attributes-short.html", HTML, lambda: b"<p " + b"a=1 " * 1_900 + b">bees", Reason.UNSAFE),
    hostile("entities-short.html", HTML, lambda: b"<p>" + b"&amp;" * 1_600, READ),
    hostile("quotes-short.csv", CSV, lambda: b'"' * 8_001, READ),
    # And such that nobody says what they are.
    hostile("line-ends-undeclared", None, lambda: b"bees" + b"\n" * 8_000 + b"honey", READ),
    hostile("headings-undeclared", None, lambda: b"#" * 4_000 + b" bees\n" + b"# \n" * 1_000, READ),
    hostile("nested-undeclared", None, lambda: b"[" * 8_000, READ),
    hostile("tags-undeclared", None, lambda: b"<" * 8_000, READ),
    hostile("commas-undeclared", None, lambda: b"," * 4_000 + b"\n" + b"," * 4_000, READ),
    hostile("dashes-undeclared", None, lambda: b"---\n" * 2_000, READ),
    hostile("keys-undeclared", None, lambda: b"Key: value\n" * 1_500, READ),
    hostile("folded-undeclared", None, lambda: b"Key: value\n" + b" more\n" * 2_500, READ),
    hostile("gzip-undeclared", None, lambda: gzip.compress(_BEES * 50), Reason.UNSUPPORTED_MEDIA_TYPE),
)
