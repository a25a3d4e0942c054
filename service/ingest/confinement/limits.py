"""Limits on memory, time and output, and the ties to the service."""

import math
import os

from service.ingest.confinement import kernel

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9


def limit(memory: int) -> None:
    """Limit the address space to so many bytes; allow neither files nor core dumps to be written."""
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return
    for what, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(what, (value, value))
        except (ValueError, OSError):  # macOS knows RLIMIT_AS and does not keep it
            continue
    # The event loop comes first when the cores are busy.
    os.nice(5)


def allow_processor_time(seconds: float) -> None:
    """Have the kernel end this process (SIGXCPU) when it computes for that much longer, whatever else is running."""
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, even amid a document."""
    kernel.prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def forgo_privileges() -> bool:
    """Return whether this process can no longer gain privileges, which the further measures require."""
    return kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
