"""A network namespace without interfaces, where users may make one."""

from service.ingest.confinement import kernel

_NEWUSER = 0x10000000
_NEWIPC = 0x08000000
_NEWNET = 0x40000000


def leave_network() -> None:
    """Leave the network, and root's power over it, behind; within containers the system mostly refuses that."""
    kernel.unshare(_NEWUSER | _NEWNET | _NEWIPC)
