"""Members of archives as office programs write them, and of all others that the standard library reads."""

import io
import struct
import zipfile

import pytest

from service.errors import CorruptError
from service.ingest.formats.zip_members import members_of, unpacked
from tests.unit.ingest.formats.builders import zipped

PARTS = {"a.xml": "<a>bees</a>" * 100, "b/茶.xml": "<b/>", "empty": ""}
PLAIN = zipped(PARTS)


def with_comment() -> bytes:
    packed = io.BytesIO(PLAIN)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"made by hand"
    return packed.getvalue()


def with_extra_fields() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            member = zipfile.ZipInfo(name)
            member.extra = struct.pack("<HHL", 0x5455, 4, 0)
            archive.writestr(member, text)
    return packed.getvalue()


def in_64_bits() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in PARTS.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(text.encode())
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        zipped(PARTS, zipfile.ZIP_STORED),
        with_comment(),
        with_extra_fields(),
        in_64_bits(),
        b"#!/bin/sh\n" + PLAIN,
    ],
    ids=["deflated", "stored", "comment", "extra", "64-bits", "prefix"],
)
def test_members_are_listed_and_unpacked_as_by_the_standard_library(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    assert {each.name: unpacked(content, each) for each in members_of(content)} == expected
    assert {name: text.encode() for name, text in PARTS.items()} == expected


def test_names_without_the_flag_of_unicode_are_in_the_old_code_page():
    content = zipped({"a\xe9": "x"}).replace("a\xe9".encode(), b"a\x82\x82")
    flagged = bytearray(content)
    for signature, at in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        flagged[content.index(signature) + at] &= ~8
    (member,) = members_of(bytes(flagged))
    assert (member.name, unpacked(bytes(flagged), member)) == ("aéé", b"x")


def test_the_first_bytes_of_a_member_are_unpacked_alone():
    member = members_of(PLAIN)[0]
    assert unpacked(PLAIN, member, 5) == b"<a>be"
    assert len(unpacked(PLAIN, member, 5000)) == member.size == 1100


@pytest.mark.parametrize(
    "change", [{"at": 1}, {"at": 10**6}, {"checksum": 1}, {"packed": 10}, {"size": 9}, {"name": "c"}]
)
def test_a_member_that_is_not_as_the_list_says_is_damaged(change):
    member = members_of(PLAIN)[0]._replace(**change)
    with pytest.raises((CorruptError, struct.error)):
        unpacked(PLAIN, member)


def test_a_list_that_lies_about_itself_is_no_archive():
    at = PLAIN.index(b"PK\5\6")
    for change in (PLAIN[:at], PLAIN[:-1], PLAIN[: at - 9] + PLAIN[at:], b"", b"PK"):
        with pytest.raises((zipfile.BadZipFile, CorruptError)):
            members_of(change)
