"""ZIP archives, which most office formats are: looked through before anything in them is unpacked."""

import re
from functools import lru_cache

from service.errors import CorruptError, EncryptedError, TooLargeError, UnsafeError
from service.ingest.formats.damage import reading
from service.ingest.formats.zip_members import DEFLATED, ENCRYPTED, STORED, Member, members_of, unpacked
from service.ingest.options import MIB, IngestOptions

_MOST_MEMBERS = 10_000
_LISTED = b"PK\x01\x02"
_TRICK = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)", re.MULTILINE)


class Archive:
    """The members of an archive that is small enough to be unpacked."""

    def __init__(self, content: bytes, options: IngestOptions) -> None:
        """Open the archive and check all that it says of its members.

        Raises:
            CorruptError: this is no ZIP archive, or a damaged one.
            EncryptedError: a member asks for a password.
            TooLargeError: there are too many members, or they unpack to too much.
            UnsafeError: a member is packed tighter than documents are, or its name leads out of the archive.

        """
        # Counted before the list is read: each entry takes a kilobyte of memory then.
        listed = content.count(_LISTED)
        if listed > _MOST_MEMBERS:
            msg = f"expected an archive of at most {_MOST_MEMBERS} members, got {listed}"
            raise TooLargeError(msg)
        with reading("ZIP"):
            members = members_of(content)
        self._content = content
        total = sum([member.size for member in members])
        if total > options.max_unpacked:
            msg = f"expected at most {options.max_unpacked} bytes when unpacked, got {total}"
            raise TooLargeError(msg)
        for member in members:
            if member.flags & ENCRYPTED or member.method not in (STORED, DEFLATED):
                raise _unreadable(member)
            # A small member of blanks is no bomb, however well it packs.
            if member.size > MIB:
                _check_ratio(member, options.max_compression_ratio)
        self._members = {member.name: member for member in members}
        names = list(self._members)
        # One look for all of them: a document of forty small parts spent more on forty looks than on its text.
        if _TRICK.search("\n".join(names)):
            _check_names(names)
        self.names = self._members.keys()
        """Names of the members."""
        if len(self.names) < len(members):
            msg = "expected each member of the archive once, got two of one name: readers differ in which they take"
            raise UnsafeError(msg)

    def read(self, name: str) -> bytes:
        """Return a member, never longer than the archive declares it.

        Raises:
            CorruptError: there is no such member, or it is damaged.

        """
        if name not in self._members:
            msg = f"expected a member {name!r} in the archive, got none"
            raise CorruptError(msg)
        with reading("ZIP"):
            return unpacked(self._content, self._members[name])

    def head(self, name: str, size: int) -> bytes:
        """Return the first bytes of a member, or nothing when there is no such member."""
        if name not in self._members:
            return b""
        with reading("ZIP"):
            return unpacked(self._content, self._members[name], size)


@lru_cache(maxsize=1)
def opened(content: bytes, options: IngestOptions) -> Archive:
    """Return the archive, which is opened once to tell what it is and to read it; errors as those of `Archive`."""
    return Archive(content, options)


def _unreadable(member: Member) -> EncryptedError | CorruptError:
    if member.flags & ENCRYPTED:
        return EncryptedError(
            "expected a document that opens without a password, got an encrypted one; submit a decrypted copy"
        )
    return CorruptError(f"expected members that are stored or deflated, got compression method {member.method}")


def _check_ratio(member: Member, most: int) -> None:
    if member.size > most * max(1, member.packed):
        ratio = member.size // max(1, member.packed)
        msg = f"expected members that unpack to at most {most} times their size, got {ratio} times"
        raise UnsafeError(msg)


def _check_names(names: list[str]) -> None:
    for name in names:
        if _TRICK.search(name):
            msg = f"expected members inside the archive, got one named {name[:100]!r}"
            raise UnsafeError(msg)
