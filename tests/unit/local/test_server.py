"""Starting, finding and ending a process, with a server that is a sleeping shell."""

import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from service.local.errors import LocalStackError
from service.local.server import Server


class Sleeper(Server):
    title: ClassVar[str] = "Sleeper"
    ready_within: ClassVar[float] = 0.3
    stopped_within: ClassVar[float] = 0.3
    own_variables: ClassVar[tuple[str, ...]] = ("SLEEPER_",)
    script: str = "exec sleep 60"
    ready: bool = True

    def prepare(self) -> tuple[list[str], dict[str, str]]:
        return ["/bin/sh", "-c", self.script], {}

    def answers(self) -> bool:
        return self.ready and self.pid is not None


@pytest.fixture
def sleeper(tmp_path: Path):
    server = Sleeper(tmp_path / "sleeper", 1)
    yield server
    server.kill()


def test_another_object_on_the_same_folder_finds_the_process(sleeper: Sleeper):
    sleeper.start()

    other = Sleeper(sleeper.home, 1)
    assert other.pid == sleeper.pid
    other.stop()
    assert sleeper.pid is None


def test_starting_twice_starts_one(sleeper: Sleeper):
    sleeper.start()
    first = sleeper.pid
    sleeper.start()

    assert sleeper.pid == first


def test_a_recycled_pid_is_a_stranger_and_is_left_alone(sleeper: Sleeper):
    sleeper.home.mkdir()
    (sleeper.home / "pid").write_text(str(os.getpid()))

    assert sleeper.pid is None
    sleeper.kill()
    sleeper.stop()


def test_a_process_that_ends_during_its_start_shows_its_last_lines(sleeper: Sleeper):
    sleeper.script = "echo no such setting; exit 3"

    with pytest.raises(LocalStackError, match=r"(?s)expected Sleeper to start, but it ended .*no such setting"):
        sleeper.start()


def test_a_process_that_never_answers_is_given_up(sleeper: Sleeper):
    sleeper.ready = False

    with pytest.raises(LocalStackError, match="within 0 s, but it did not"):
        sleeper.start()


def test_a_process_that_ignores_the_request_to_stop_is_killed(sleeper: Sleeper):
    sleeper.script = "trap '' TERM; while :; do sleep 0.1; done"
    sleeper.start()
    time.sleep(0.1)

    sleeper.stop()

    assert sleeper.pid is None


def test_a_frozen_process_can_be_stopped(sleeper: Sleeper):
    sleeper.start()
    sleeper.freeze()
    began = time.monotonic()

    sleeper.stop()

    assert sleeper.pid is None
    assert time.monotonic() - began < 0.3


def test_a_process_of_its_own_session_does_not_hear_the_terminal(sleeper: Sleeper):
    sleeper.start()
    assert sleeper.pid is not None

    assert os.getsid(sleeper.pid) == sleeper.pid
