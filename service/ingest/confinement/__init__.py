"""What a parser process gives up before it sees a document, so that one which is taken over can do little harm.

Each measure is taken where the system allows it, and left out quietly where not; `docs/formats.md` says what holds
where. All of it runs in the child, first of all things, before any thread and any library.

What belongs here: limits and system calls of the child. What does not: starting, feeding and killing it (`child`).
"""

import os
import sys
from collections.abc import Sequence

from service.ingest.confinement import files, limits, namespaces, system_calls


def confine(parent: int, memory: int, readable: Sequence[str]) -> None:
    """Confine this process for good.

    Args:
        parent: process id of the service; this process ends with it.
        memory: bytes of address space.
        readable: folders and files that stay readable; no others do.

    """
    limits.limit(memory)
    if sys.platform == "linux":
        namespaces.leave_network()
        # After that: a change of credentials may forget it.
        limits.die_with_parent()
        if limits.forgo_privileges():
            files.close_all_but(readable)
            system_calls.forbid()
    if os.getppid() != parent:  # it died before this process could learn of it
        os._exit(1)
