"""Free ports for the servers."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST = 10_240
ENOUGH = 1_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port. Connections in TIME_WAIT do not count, as for the servers."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A port below the ephemeral range.

    A client that keeps dialling a dead port of the ephemeral range can be given that very port as its own and connect
    to itself; the server could then not come back on it.
    """
    last = _ephemeral_start() - 1
    choices = range(FIRST, last) if last - FIRST > ENOUGH else range(FIRST, 65_535)
    # A predictable port is no weakness here: the servers ask for a password.
    candidates = random.sample(choices, 200)
    return next(port for port in candidates if port not in taken and is_free(port))


def _ephemeral_start() -> int:
    try:
        return int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
