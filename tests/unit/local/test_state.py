"""What a stack remembers."""

import socket
import stat
from pathlib import Path

import pytest

from service.local.errors import LocalStackError
from service.local.ports import free_port, is_free
from service.local.stack import Stack
from service.local.state import FILE, StackState


def test_the_state_comes_back_as_it_was_saved_and_only_its_owner_can_read_it(tmp_path: Path):
    state = StackState.fresh("5.26.31")
    state.save(tmp_path / "dev")

    assert StackState.load(tmp_path / "dev") == state
    assert stat.S_IMODE((tmp_path / "dev" / FILE).stat().st_mode) == 0o600


def test_no_state_is_none(tmp_path: Path):
    assert StackState.load(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"rabbitmq_port": 1}'])
def test_a_broken_state_says_what_to_delete(tmp_path: Path, text: str):
    (tmp_path / FILE).write_text(text)

    with pytest.raises(LocalStackError, match="delete the folder"):
        StackState.load(tmp_path)


def test_credentials_are_never_the_same_twice():
    one, other = StackState.fresh("5.26.31"), StackState.fresh("5.26.31")

    assert one.rabbitmq_password != other.rabbitmq_password
    assert one.neo4j_password != other.neo4j_password


def test_a_taken_port_changes_and_free_ones_stay():
    state = StackState.fresh("5.26.31")
    assert state.with_free_ports() == state

    with socket.create_server(("127.0.0.1", state.neo4j_port)):
        assert not is_free(state.neo4j_port)
        moved = state.with_free_ports()

    assert moved.neo4j_port != state.neo4j_port
    assert moved.neo4j_password == state.neo4j_password


def test_ports_lie_below_the_ephemeral_range():
    ports = {free_port() for _ in range(50)}

    assert max(ports) < 32_768


def test_a_stack_that_never_started_says_how_to_start_it(tmp_path: Path):
    stack = Stack("dev", root=tmp_path)

    assert not stack.healthy
    with pytest.raises(LocalStackError, match="start it with `docgraph local up`"):
        stack.env()
