"""The version of a task that gives none: the same through redeliveries, and growing."""

from types import SimpleNamespace

from service.bridge.task import OCCURRED_AT
from service.bridge.work import Arrivals


def message(**headers):
    return SimpleNamespace(headers=headers)


def test_a_redelivered_task_keeps_its_time():
    arrivals = Arrivals()
    first = arrivals.note(message(), "a")
    assert arrivals.note(message(), "a") == first


def test_a_copy_of_a_task_carries_its_time_to_another_process():
    mine = message()
    first = Arrivals().note(mine, "a")
    assert Arrivals().note(message(**mine.headers), "a") == first
    assert mine.headers[OCCURRED_AT] == first


def test_no_two_tasks_have_the_same_time():
    arrivals = Arrivals()
    times = [arrivals.note(message(), str(number)) for number in range(1000)]
    assert times == sorted(set(times))


def test_the_brokers_own_time_is_taken():
    assert Arrivals().note(message(timestamp_in_ms=1_795_449_355_605), "a").startswith("2026-11-23T15:55:55.605")


def test_only_so_many_are_remembered():
    arrivals = Arrivals(at_most=2)
    first = arrivals.note(message(), "a")
    arrivals.note(message(), "b")
    arrivals.note(message(), "c")
    assert arrivals.note(message(), "a") != first
