"""Servers of the harness's own: it kills and freezes them, and other tests must not notice."""

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.local.errors import LocalStackError
from service.local.stack import Stack
from tests.support.stacks import start_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Empty servers, started when a test here first asks and stopped at the end."""
    if not (os.environ.get("RABBITMQ_URL") or os.environ.get("DOCGRAPH_FAULTS")):
        pytest.skip("the fault harness starts servers: run `make test` or `make faults`")
    with ExitStack() as exits:
        try:
            stack = start_stack(exits, "faults")
        except LocalStackError as error:
            if os.environ.get("CI") or os.environ.get("DOCGRAPH_FAULTS"):
                raise
            pytest.skip(f"the fault harness needs servers of its own: {error}")
        yield stack


@pytest.fixture(scope="session")
def vhost_names():
    return (f"faults-{number}" for number in itertools.count(1))


@pytest.fixture
def vhost(stack, vhost_names):
    name = next(vhost_names)
    stack.rabbitmq.add_vhosts(name)
    yield name
    stack.rabbitmq.delete_vhosts(name)
