"""Servers of the harness's own: it kills and freezes them, and other tests must not notice."""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from service.local.errors import LocalStackError
from service.local.locks import held_if_free
from service.local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Empty servers, started when a test here first asks and stopped at the end."""
    if not (os.environ.get("RABBITMQ_URL") or os.environ.get("DOCGRAPH_FAULTS")):
        pytest.skip("the fault harness starts servers: run `make test` or `make faults`")
    with ExitStack() as exits:
        exits.enter_context(sigterm_interrupts())
        stack = reserved(exits)
        exits.callback(stack.stop)
        try:
            stack.wipe()
            stack.start()
        except LocalStackError as error:
            if os.environ.get("CI") or os.environ.get("DOCGRAPH_FAULTS"):
                raise
            pytest.skip(f"the fault harness needs servers of its own: {error}")
        yield stack


def reserved(exits: ExitStack) -> Stack:
    """The stack `faults`, or when another run is using it the next one."""
    for number in itertools.count(1):
        stack = Stack("faults" if number == 1 else f"faults-{number}")
        if exits.enter_context(held_if_free(stack.home / "run.lock")):
            return stack
    raise AssertionError


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Make SIGTERM end pytest as Ctrl-C does, so that the servers are stopped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def vhost_names():
    return (f"faults-{number}" for number in itertools.count(1))


@pytest.fixture
def vhost(stack, vhost_names):
    name = next(vhost_names)
    stack.rabbitmq.add_vhosts(name)
    yield name
    stack.rabbitmq.delete_vhosts(name)
