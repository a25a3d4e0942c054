"""Waiting for an ETA: the lanes chosen lead to it, in few steps and never past it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from service.bridge.lanes import DELAYS, DUE, next_lane

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@given(st.floats(min_value=0, max_value=30 * 86400))
def test_the_lanes_lead_to_the_eta_and_not_past_it(seconds):
    eta, moment, steps = NOW + timedelta(seconds=seconds), NOW, 0
    while (lane := next_lane(eta, moment)) is not None:
        assert lane.delay in DELAYS
        assert lane.expiration <= lane.delay
        moment += timedelta(seconds=lane.expiration)
        steps += 1
    assert timedelta() <= eta - moment <= timedelta(seconds=DUE)
    assert steps <= 3 * len(DELAYS) + 30 * 86400 / DELAYS[-1]


@pytest.mark.parametrize("eta", [None, NOW, NOW - timedelta(days=1)])
def test_what_is_due_does_not_wait(eta):
    assert next_lane(eta, NOW) is None
