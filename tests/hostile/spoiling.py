"""Ways to spoil a good document, as hypothesis strategies: what it finds it also makes small."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import reduce

from hypothesis import strategies as st

# What parsers stumble over more often than over chance: limits of integers, ends of strings, openings without closings.
_TOKENS = (
    b"\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN",
    b"<", b"<!--", b"</", b"<![CDATA[", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#x110000;", b"<div>" * 600, b'"',
    b"'", b"{", b"}", b"[", b"]", b"(" * 600, b"{\\", b"\\u-1?", b"\\bin99999 ", b"\\'", b"%PDF-1.7", b"endobj",
    b"endstream", b"<<", b">>", b"/Length 99999999", b"/Kids[2 0 R]", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06",
    b"\r\n\r\n", b"\r\n--", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n\r\n",
    b"=?utf-8?b?/w==?=", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b$B", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"```\n", b"# ",
    b"> " * 600, b"- " * 600, b",", b"\t", b"\n" * 600,
)  # fmt: skip
_TOKEN = st.sampled_from(_TOKENS)
Edit = Callable[[bytes], bytes]


def spoiled(content: bytes) -> st.SearchStrategy[bytes]:
    """Return the content with one to six edits."""
    edits = st.lists(_edit(content), min_size=1, max_size=6)
    return edits.map(lambda chosen: reduce(lambda left, edit: edit(left), chosen, content))


def spoiled_archive(content: bytes) -> st.SearchStrategy[bytes]:
    """Return the archive with edits inside its members, which keep their checksums right, or around them."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    names = st.sampled_from(sorted(members))

    def repacked(name: str, changed: bytes | None) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            for each, body in members.items():
                if each != name or changed is not None:
                    packed.writestr(each, body if each != name else changed or b"")
        return out.getvalue()

    def inside(name: str) -> st.SearchStrategy[bytes]:
        changed = st.one_of(st.none(), spoiled(members[name]), spoiled_tree(members[name]))
        return changed.map(lambda body: repacked(name, body))

    return st.one_of(names.flatmap(inside), names.flatmap(inside), spoiled(content))


def spoiled_tree(content: bytes) -> st.SearchStrategy[bytes]:
    """Return markup with whole tags taken out, doubled and moved, so that much of it stays in order."""
    pieces = content.replace(b"<", b"\0<").split(b"\0")
    at = st.integers(0, len(pieces) - 1)

    def moved(places: list[tuple[int, int, bool]]) -> bytes:
        now = list(pieces)
        for take, put, keep in places:
            piece = now[take % len(now)]
            if not keep:
                del now[take % len(now)]
            now.insert(put % (len(now) + 1), piece)
        return b"".join(now)

    return st.lists(st.tuples(at, at, st.booleans()), min_size=1, max_size=8).map(moved)


def spoiled_json(content: bytes) -> st.SearchStrategy[bytes]:
    """Return any JSON, or the content with edits."""
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
    values = st.recursive(leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)))
    written = values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return st.one_of(spoiled(content), written)


def _edit(content: bytes) -> st.SearchStrategy[Edit]:
    at = st.integers(0, len(content))
    noise = st.one_of(_TOKEN, st.binary(min_size=1, max_size=16))

    def flip(place: int, bit: int) -> Edit:
        return lambda left: (
            left[:place] + bytes(byte ^ (1 << bit) for byte in left[place : place + 1]) + left[place + 1 :]
        )

    def insert(place: int, part: bytes) -> Edit:
        return lambda left: left[:place] + part + left[place:]

    def replace(place: int, part: bytes) -> Edit:
        return lambda left: left[:place] + part + left[place + len(part) :]

    def remove(place: int, count: int) -> Edit:
        return lambda left: left[:place] + left[place + count :]

    def repeat(place: int, count: int, times: int) -> Edit:
        return lambda left: left[:place] + left[place : place + count] * times + left[place:]

    return st.one_of(
        st.builds(flip, at, st.integers(0, 7)),
        st.builds(insert, at, noise),
        st.builds(replace, at, noise),
        st.builds(remove, at, st.integers(1, 64)),
        st.builds(remove, at, st.just(len(content))),
        st.builds(repeat, at, st.integers(1, 64), st.integers(2, 200)),
    )
