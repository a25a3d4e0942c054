"""The list of the members of a ZIP archive, and their bytes.

The standard library takes most of the time that an office document of a few pages takes. It is asked only for the list
of an archive that is unlike those that office programs write: with comments, extra fields, other code pages, 64-bit
sizes, anything before or behind it.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from service.errors import CorruptError

ENCRYPTED = 1
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_UTF_8 = 0x800
_UNREAD = 0x60
"""Flags of members that are patches of others, or whose very headers are encrypted."""
_NEWEST = 63
"""Version of the format up to which the standard library reads it."""
# Signature, disks, members here and in all, length and start of the list, length of a comment.
_END = struct.Struct("<4s4xHHLLH")
# Signature, version needed, flags, method, checksum, sizes, lengths of name, extra fields and comment, place.
_LISTED = struct.Struct("<4s2xBxHH4xLLLHHH8xL")
_LOCAL = struct.Struct("<4s22xHH")


class Member(NamedTuple):
    """A member, as the list describes it."""

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    """Bytes that it takes in the archive."""
    size: int
    at: int
    """Where its own header is."""


def members_of(content: bytes) -> list[Member]:
    """Return the members of an archive; whatever is raised means that it is damaged."""
    try:
        return list(_usual(content))
    except (ValueError, struct.error):
        return [
            Member(each.filename, each.flag_bits, each.compress_type, each.CRC, *_sizes(each))
            for each in zipfile.ZipFile(io.BytesIO(content)).infolist()
        ]


def _sizes(member: zipfile.ZipInfo) -> tuple[int, int, int]:
    return member.compress_size, member.file_size, member.header_offset


def _usual(content: bytes) -> Iterator[Member]:
    """Yield the members of an archive as office programs write it.

    Raises:
        ValueError, struct.error: it is another one.

    """
    end = len(content) - _END.size
    signature, here, count, length, at, comment = _END.unpack_from(content, max(end, 0))
    if signature != b"PK\5\6" or here != count or comment or at + length != end:
        raise ValueError
    while at < end:
        found = _LISTED.unpack_from(content, at)
        signature, version, flags, method, checksum, packed, size, named, extra, comment, place = found
        at += _LISTED.size
        raw = content[at : at + named]
        at += named
        name = raw.decode("utf-8" if flags & _UTF_8 else "ascii")
        # A name of other characters could pass for the end of the list of a larger archive.
        if signature != b"PK\1\2" or version > _NEWEST or extra or comment or not name.isprintable():
            raise ValueError
        yield Member(name, flags, method, checksum, packed, size, place)
    if at != end:
        raise ValueError


def unpacked(content: bytes, member: Member, most: int | None = None) -> bytes:
    """Return the bytes of a member of the archive, or the first of them; never more than the list declares.

    Raises:
        CorruptError: it is not what the list says of it.
        zlib.error, struct.error: it is damaged.

    """
    signature, named, extra = _LOCAL.unpack_from(content, member.at)
    at = member.at + _LOCAL.size
    name = content[at : at + named].decode("utf-8" if member.flags & _UTF_8 else "cp437")
    if signature != b"PK\3\4" or member.flags & _UNREAD or name.partition("\0")[0] != member.name:
        msg = f"expected the member {member.name[:100]!r} where the archive lists it, got none"
        raise CorruptError(msg)
    at += named + extra
    found = content[at : at + member.packed]
    size = member.size if most is None else min(member.size, most)
    if member.method == DEFLATED:
        found = zlib.decompressobj(-zlib.MAX_WBITS).decompress(found, max(size, 1))
    found = found[:size]
    if size == member.size and zlib.crc32(found) != member.checksum:
        msg = f"expected the member {member.name[:100]!r} as it was packed, got a damaged one"
        raise CorruptError(msg)
    return found
