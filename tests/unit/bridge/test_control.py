"""Who is meant by a broadcast, and what is remembered."""

import pytest

from service.bridge.control import REVOKED_AT_MOST, Control, Revoked
from service.bridge.worker_events import WorkerEvents

NODE = "docgraph-1@here"


@pytest.fixture
def control():
    nothing = {"revoke": lambda _: None, "terminate": lambda _: None}
    return Control(WorkerEvents(NODE), Revoked(), tasks=["t"], queues=["q"], prefetch=1, active=dict, **nothing)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ({}, True),
        ({"destination": [NODE]}, True),
        ({"destination": ["other@here"]}, False),
        ({"pattern": "docgraph-*", "matcher": "glob"}, True),
        ({"pattern": "worker-*", "matcher": "glob"}, False),
        ({"pattern": r"doc.*@here", "matcher": "pcre"}, True),
        ({"pattern": "(", "matcher": "pcre"}, False),
    ],
)
def test_a_command_is_answered_by_whom_it_means(control, address, meant):
    assert (control.answer({"method": "ping", **address}) == {"ok": "pong"}) is meant


def test_a_command_that_makes_no_sense_here_is_refused(control):
    assert "error" in control.answer({"method": "pool_restart"})
    assert "error" in control.answer({"method": "__init__"})


@pytest.mark.parametrize("theirs", [["a"], {"a": [1.5, "a"]}, None, "a", [7]])
def test_a_worker_that_starts_is_told_what_is_revoked_whatever_it_says(control, theirs):
    assert control.answer({"method": "hello", "arguments": {"revoked": theirs}})["revoked"] == []


def test_only_so_many_revoked_tasks_are_remembered_the_newest():
    revoked = Revoked()
    revoked.add(map(str, range(REVOKED_AT_MOST + 1)))
    assert "0" not in revoked
    assert str(REVOKED_AT_MOST) in revoked
    assert len(list(revoked)) == REVOKED_AT_MOST
