"""Erlang's port mapper: a daemon that the first node starts and that no node stops.

It is shared by all nodes of the machine. We stop it only when a node of ours started it and none is left that needs it.
"""

import socket
import time

from service.local.ports import LOOPBACK
from service.local.processes import command_of, has_variable, pids, running

PORT = 4369
MARKER = "DOCGRAPH_LOCAL_EPMD"
"""Set for our nodes, inherited by the daemon that one of them started."""

KILL_REQUEST = b"\x00\x01k"
NAMES_REQUEST = b"\x00\x01n"
CHILDREN_OF_A_NODE = frozenset({"erl_child_setup", "inet_gethost"})


def retire() -> None:
    """Stop the daemon if it is ours and idle. It refuses by itself while a node is registered, whosever that is."""
    marked = {pid: command_of(pid) for pid in pids() if has_variable(pid, MARKER, "1")}
    daemon = next((pid for pid, command in marked.items() if command == "epmd"), None)
    # A node of ours that is still starting is not registered yet.
    nodes = [pid for pid, command in marked.items() if command not in {"epmd", *CHILDREN_OF_A_NODE} and running(pid)]
    if daemon is None or nodes or _ask(KILL_REQUEST) != b"OK":
        return
    deadline = time.monotonic() + 2
    while running(daemon) and time.monotonic() < deadline:
        time.sleep(0.01)


def is_needed() -> bool:
    """Whether any node, ours or not, is registered."""
    return b"name " in _ask(NAMES_REQUEST)


def _ask(request: bytes) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, PORT), timeout=2) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                return answer.read()
    except OSError:
        return b""
