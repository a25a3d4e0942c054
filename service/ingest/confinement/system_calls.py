"""System calls that no parser needs are refused by a seccomp filter, which containers allow as well."""

import ctypes
import errno
import os
import struct

from service.ingest.confinement import kernel

_PR_SET_SECCOMP = 22
_FILTER = 2
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
# Instructions of the filter: load a word, compare it, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
# Where the filter finds the number of the call, the architecture and the first argument.
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_X32 = 0x40000000

# New connections, new programs, other processes, the kernel itself. Names and numbers are those of the kernel's tables.
_EVERYWHERE = """
    pidfd_send_signal 424, io_uring_setup 425, io_uring_enter 426, io_uring_register 427, open_tree 428, move_mount 429,
    fsopen 430, fsconfig 431, fsmount 432, pidfd_open 434, pidfd_getfd 438, process_madvise 440, mount_setattr 442
"""
_X86_64 = """
    socket 41, connect 42, accept 43, sendto 44, bind 49, listen 50, socketpair 53, fork 57, vfork 58, execve 59,
    kill 62, ptrace 101, rt_sigqueueinfo 129, setpriority 141, pivot_root 155, chroot 161, mount 165, umount2 166,
    init_module 175, delete_module 176, add_key 248, request_key 249, keyctl 250, unshare 272, accept4 288,
    rt_tgsigqueueinfo 297, perf_event_open 298, open_by_handle_at 304, setns 308, process_vm_readv 310,
    process_vm_writev 311, kcmp 312, finit_module 313, bpf 321, execveat 322, userfaultfd 323
"""
_AARCH64 = """
    umount2 39, mount 40, pivot_root 41, chroot 51, unshare 97, init_module 105, delete_module 106, ptrace 117,
    kill 129, rt_sigqueueinfo 138, setpriority 140, socket 198, socketpair 199, bind 200, listen 201, accept 202,
    connect 203, sendto 206, add_key 217, request_key 218, keyctl 219, execve 221, rt_tgsigqueueinfo 240,
    perf_event_open 241, accept4 242, open_by_handle_at 265, setns 268, process_vm_readv 270, process_vm_writev 271,
    kcmp 272, finit_module 273, bpf 280, execveat 281, userfaultfd 282
"""
# Architecture, refused calls, and those whose first argument must be this process: `tgkill`, by which it aborts itself.
_TABLES = {
    "x86_64": (0xC000003E, _X86_64, 234, 302),
    "aarch64": (0xC00000B7, _AARCH64, 131, 261),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def forbid() -> None:
    """Refuse the calls from now on, with EPERM, for this process and all that it might start."""
    table = _TABLES.get(os.uname().machine)
    if table is None:
        return
    code = _filter(*table)
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    kernel.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.pointer(program))


def _filter(architecture: int, listed: str, tgkill: int, prlimit: int) -> bytes:
    refused = [int(entry.split()[1]) for entry in f"{listed},{_EVERYWHERE}".split(",")]
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, 1, 0),
        _line(_RETURN, _REFUSE),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _X32, 0, 1),
        _line(_RETURN, _REFUSE),
    ]
    for number in refused:
        lines += [_line(_EQUAL, number, 0, 1), _line(_RETURN, _REFUSE)]
    # Signals and limits for this process alone, not for the service, which belongs to the same user.
    for number, itself in ((tgkill, os.getpid()), (prlimit, 0)):
        lines += [
            _line(_EQUAL, number, 0, 4),
            _line(_LOAD, _ARGUMENT),
            _line(_EQUAL, itself, 1, 0),
            _line(_RETURN, _REFUSE),
            _line(_RETURN, _ALLOW),
        ]
    return b"".join([*lines, _line(_RETURN, _ALLOW)])


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
