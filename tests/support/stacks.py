"""Servers of a test process's own, beside those in the environment."""

import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from service.local.locks import held_if_free
from service.local.stack import Stack


def start_stack(exits: ExitStack, name: str) -> Stack:
    """Start an empty stack of this name, or when another run is using it of the next; stopped with `exits`.

    Raises:
        LocalStackError: it does not start.

    """
    exits.enter_context(_sigterm_interrupts())
    stack = _reserved(exits, name)
    exits.callback(stack.stop)
    stack.wipe()
    stack.start()
    return stack


def _reserved(exits: ExitStack, name: str) -> Stack:
    for number in itertools.count(1):
        stack = Stack(name if number == 1 else f"{name}-{number}")
        if exits.enter_context(held_if_free(stack.home / "run.lock")):
            return stack
    raise AssertionError


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM end pytest as Ctrl-C does, so that the servers are stopped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
