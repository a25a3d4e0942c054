"""Starting, finding and ending a process, with a server that is a sleeping shell."""

import os
from pathlib import Path
from typing import ClassVar

import pytest

from service.local.errors import LocalStackError
from service.local.server import Server


class Sleeper(Server):
    title: ClassVar[str] = "Sleeper"
    ready_within: ClassVar[float] = 10
    stopped_within: ClassVar[float] = 10
    own_variables: ClassVar[tuple[str, ...]] = ("SLEEPER_",)
    script: str = "touch ready; exec sleep 60"

    def prepare(self) -> tuple[list[str], dict[str, str]]:
        return ["/bin/sh", "-c", self.script], {}

    def answers(self) -> bool:
        return (self.home / "ready").exists()


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
    sleeper.script = "exec sleep 60"
    sleeper.ready_within = 0.3

    with pytest.raises(LocalStackError, match="within 0 s, but it did not"):
        sleeper.start()


def test_a_process_that_ignores_the_request_to_stop_is_killed(sleeper: Sleeper):
    sleeper.script = "trap '' TERM; touch ready; while :; do sleep 0.1; done"
    sleeper.stopped_within = 0.3
    sleeper.start()

    sleeper.stop()

    assert sleeper.pid is None


def test_a_frozen_process_stops_in_order_and_is_not_killed(sleeper: Sleeper):
    sleeper.script = "trap 'touch orderly; exit' TERM; touch ready; while :; do sleep 0.1; done"
    sleeper.start()
    sleeper.freeze()

    sleeper.stop()

    assert sleeper.pid is None
    assert (sleeper.home / "orderly").exists()


def test_a_process_of_its_own_session_does_not_hear_the_terminal(sleeper: Sleeper):
    sleeper.start()
    assert sleeper.pid is not None

    assert os.getsid(sleeper.pid) == sleeper.pid
