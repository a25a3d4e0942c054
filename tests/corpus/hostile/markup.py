"""HTML and Markdown that make a parser slow, deep or large."""

from functools import partial

from schemas.reasons import Reason
from tests.corpus.hostile.document import HTML, MARKDOWN, READ, Hostile, hostile

TOO_MUCH = (Reason.TOO_LARGE, Reason.UNSAFE)
BEES = b"<p>The bees are in the hive and make honey.</p>"


def page(body: bytes) -> bytes:
    return b"<!DOCTYPE html><html><head><title>Bees</title></head><body>" + body + b"</body></html>"


def nested(opening: bytes, closing: bytes, levels: int) -> bytes:
    return page(opening * levels + BEES + closing * levels)


def repeated(part: bytes, times: int) -> bytes:
    return page(BEES + part * times)


def many_attributes() -> bytes:
    return page(BEES + b"<p %s>bees</p>" % b" ".join(b"a%d=b" % number for number in range(50_000)))


FILES: tuple[Hostile, ...] = (
    hostile("deep.html", HTML, partial(nested, b"<div>", b"</div>", 200_000), Reason.UNSAFE),
    hostile("deep-unclosed.html", HTML, partial(nested, b"<span>", b"", 100_000), Reason.UNSAFE),
    hostile("deep-lists.html", HTML, partial(nested, b"<ul><li>", b"</li></ul>", 50_000), Reason.UNSAFE),
    hostile("deep-tables.html", HTML, partial(nested, b"<table><tr><td>", b"", 20_000), Reason.UNSAFE),
    hostile("deep-in-comment.html", HTML, partial(nested, b"<!--<div>--><div>", b"</div>", 20_000), Reason.UNSAFE),
    hostile("50-mb.html", HTML, partial(repeated, BEES, 1_100_000), *TOO_MUCH, large=True),
    hostile("open-attribute.html", HTML, lambda: page(BEES + b'<a href="' + b"x" * 5_000_000), READ, *TOO_MUCH),
    hostile("50000-attributes.html", HTML, many_attributes, READ, Reason.UNSAFE),
    hostile(
        "misnested.html",
        HTML,
        partial(repeated, b"<a><b></a><i></b></i>bees ", 10_000),
        READ,
        Reason.UNSAFE,
        large=True,
    ),
    hostile("formatting.html", HTML, partial(repeated, b"<b><p><i>bees", 10_000), READ, Reason.UNSAFE),
    hostile("fonts.html", HTML, lambda: _fonts(5_000), READ, Reason.UNSAFE),
    hostile("outside-table.html", HTML, partial(repeated, b"<table>bees<b>", 3_000), READ, Reason.UNSAFE),
    hostile("open-tags.html", HTML, partial(repeated, b"<", 3_000_000), READ, *TOO_MUCH, large=True),
    hostile(
        "entities.html", HTML, partial(repeated, b"&amp;&CounterClockwiseContourIntegral;&#x1f41d;", 100_000), READ
    ),
    hostile("unclosed-comment.html", HTML, lambda: page(BEES + b"<!--" + b"-" * 3_000_000), READ),
    hostile("no-body.html", HTML, lambda: b"<html><head><title>Bees</title></head></html>", Reason.NO_TEXT),
    hostile("script-only.html", HTML, lambda: page(b"<script>bees()</script>"), Reason.NO_TEXT),
    hostile("brackets.md", MARKDOWN, lambda: b"# Bees\n\n" + b"[" * 200_000, READ),
    hostile("quotes.md", MARKDOWN, lambda: b"# Bees\n\nhive\n====\n" + b">" * 100_000 + b" bees", READ, Reason.UNSAFE),
    hostile("deep-list.md", MARKDOWN, lambda: _deep_list(3_000), READ, Reason.UNSAFE, large=True),
    hostile("deep-markers.md", MARKDOWN, lambda: b"bees\n----\n" + b"- " * 50_000 + b"bees", READ, Reason.UNSAFE),
    hostile("fences.md", MARKDOWN, lambda: b"# Bees\n" + b"```\n~~~\n" * 100_000, READ, large=True),
    hostile("headings.md", MARKDOWN, lambda: b"# Bees\n" + b"###### honey\n" * 100_000, READ, *TOO_MUCH, large=True),
    hostile("links.md", MARKDOWN, lambda: b"# " + b"![a](" * 100_000 + b"\n\nbees <b>", READ, large=True),
    hostile("long-field.md", MARKDOWN, lambda: b"---\ntitle: x" + b" " * 4_000_000 + b"y\n---\nbees\n", READ),
    hostile("64-mb-of-headings.md", MARKDOWN, lambda: b"#\n" * 32_000_000, Reason.TOO_LARGE, large=True),
    hostile(
        "open-html.md",
        MARKDOWN,
        lambda: b"# Bees\n\n" + b"<a " * 200_000 + b"\n" + b"<!-- " * 100_000,
        READ,
        large=True,
    ),
)


def _fonts(times: int) -> bytes:
    return page(BEES + b"".join(b"<font color=%d>bees" % number for number in range(times)) + b"<p>" * times)


def _deep_list(levels: int) -> bytes:
    return b"# Bees\n" + b"\n".join(b" " * (2 * level) + b"- bees" for level in range(levels))
