"""What the kernel knows about a process. Linux only: `/proc` tells ours from a stranger with a recycled pid."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")

STATE, THREADS = 0, 17
"""Positions in `/proc/<pid>/stat`, counted behind the command."""
DEAD = frozenset({"Z", "X"})


def pids() -> Iterator[int]:
    """Every process that can be seen."""
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def running(pid: int) -> bool:
    """True until the process has ended. A child of ours that has ended is reaped on the way."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # "pid (command) state …": the command may hold spaces and brackets, so count from the last one.
    fields = stat.rpartition(")")[2].split()
    # The main thread of a killed process is dead before the others have closed its sockets.
    return fields[STATE] not in DEAD or int(fields[THREADS]) > 1


def command_of(pid: int) -> str:
    """The short command name, empty when the process is gone."""
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def has_variable(pid: int, name: str, value: str) -> bool:
    """Whether the process was started with this environment variable. Strangers' environments cannot be read: False."""
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return f"{name}={value}".encode() in environment.split(b"\0")
