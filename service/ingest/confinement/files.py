"""Only the program's own files stay readable, by Landlock (Linux 5.13 and later).

A child runs as the same user as the service. Without this it could read the service's secrets from their files, and
from `/proc/<service>/environ`.
"""

import os
import struct
from collections.abc import Iterable

from service.ingest.confinement import kernel

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
# Rights that each version of Landlock knows: what is named is forbidden wherever no rule allows it.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE = 4
_BIND_AND_CONNECT = 0b11
# What libraries of the system need: shared objects, and devices that hold nothing.
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")


def close_all_but(readable: Iterable[str]) -> None:
    """Make all files unreadable and unwritable except those below the paths, which may be read."""
    version = kernel.syscall(_CREATE, None, 0, _ASK_VERSION)
    if version < 1:
        return
    rights = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS[5])) - 1
    attributes = struct.pack("=Q", rights)
    if version >= _NETWORK_SINCE:
        attributes = struct.pack("=QQ", rights, _BIND_AND_CONNECT)
    rules = kernel.syscall(_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return
    for path in dict.fromkeys((*_SYSTEM, *readable)):
        _allow(rules, path)
    kernel.syscall(_RESTRICT, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    rights = _READ_FILE | (_READ_DIR | _EXECUTE if os.path.isdir(path) else 0)  # noqa: PTH112 - loads no pathlib
    kernel.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    os.close(opened)
