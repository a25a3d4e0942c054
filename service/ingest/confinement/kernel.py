"""Calls of the Linux kernel that Python has no name for."""

import ctypes
import functools
from ctypes import c_long, c_ulong


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, argument: int = 0, pointer: "ctypes._Pointer[ctypes.Structure] | None" = None) -> bool:
    """Return whether the kernel accepted it."""
    return bool(_libc().prctl(option, c_ulong(argument), pointer or c_ulong(0), c_ulong(0), c_ulong(0)) == 0)


def unshare(flags: int) -> bool:
    """Return whether the kernel moved this process to namespaces of its own."""
    return bool(_libc().unshare(flags) == 0)


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Return what the system call returns, -1 for an error. Numbers are passed as long, bytes as their address."""
    call = _libc().syscall
    call.restype = c_long
    return int(call(c_long(number), *(c_long(each) if isinstance(each, int) else each for each in arguments)))
