"""Archives that are not what they seem."""

import io
import struct
import zipfile

import pytest

from service.errors import CorruptError, EncryptedError, TooLargeError, UnsafeError
from service.ingest.formats.archive import Archive
from service.ingest.options import MIB, IngestOptions
from tests.unit.ingest.formats.builders import DECLARATION, odf, parsed, with_member, xlsx, zipped


def test_members_that_unpack_to_too_much_are_refused_with_limit_and_size():
    with pytest.raises(TooLargeError, match="at most 1000 bytes when unpacked, got 2000"):
        Archive(zipped({"a": "x" * 1200, "b": "y" * 800}), IngestOptions(max_unpacked=1000))


def test_a_bomb_is_refused_by_its_ratio():
    with pytest.raises(UnsafeError, match=r"at most 200 times their size, got 10\d\d times"):
        Archive(zipped({"a": "\0" * 50 * MIB}), IngestOptions())


def test_more_members_than_any_document_has_are_refused_before_they_are_listed():
    with pytest.raises(TooLargeError, match="at most 10000 members, got 10001"):
        Archive(zipped({str(number): "" for number in range(10_001)}, zipfile.ZIP_STORED), IngestOptions())


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", "\\\\host\\x"])
def test_names_that_lead_out_of_the_archive_are_unsafe(name):
    with pytest.raises(UnsafeError, match="inside the archive"):
        Archive(zipped({name: "x"}), IngestOptions())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_unsafe():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", "shown")
        archive.writestr("a", "meant")
    with pytest.raises(UnsafeError, match="two of one name"):
        Archive(packed.getvalue(), IngestOptions())


def test_an_encrypted_member_needs_a_password():
    plain = bytearray(zipped({"a": "x"}))
    plain[plain.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(EncryptedError, match="decrypted copy"):
        Archive(bytes(plain), IngestOptions())


def test_a_member_that_is_longer_than_declared_is_corrupt_and_never_unpacked_further():
    packed = bytearray(zipped({"a": "x" * 100_000}))
    at = packed.index(b"PK\x01\x02")
    packed[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises(CorruptError):
        Archive(bytes(packed), IngestOptions()).read("a")


def test_a_truncated_and_a_flipped_archive_are_corrupt():
    whole = odf("<office:text/>")
    with pytest.raises(CorruptError):
        parsed(whole[: len(whole) // 2])
    flipped = bytearray(zipped({"content.xml": "bees " * 100}))
    flipped[40] ^= 0xFF
    with pytest.raises(CorruptError):
        Archive(bytes(flipped), IngestOptions()).read("content.xml")


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><a>&i;</a>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'
REMOTE = '<!DOCTYPE a SYSTEM "http://169.254.169.254/a.dtd"><a/>'


@pytest.mark.parametrize(
    "xml", [LAUGHS, DECLARATION + LAUGHS, OUTSIDE, REMOTE, LAUGHS.encode("utf-16"), f"<!--{'x' * 9000}-->{LAUGHS}"]
)
def test_document_types_and_entities_are_unsafe_wherever_they_stand(xml):
    with pytest.raises(UnsafeError, match="document type"):
        parsed(with_member(odf("<office:text/>"), "content.xml", xml))
    for name in ("xl/workbook.xml", "docProps/custom.xml", "xl/_rels/workbook.xml.rels"):
        with pytest.raises(UnsafeError, match="document type"):
            parsed(with_member(xlsx({"a": [["b"]]}), name, xml))
