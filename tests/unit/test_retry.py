"""The retry decision."""

import pytest

from schemas import Reason
from service.delivery.retry import DeadLetter, Retry, decide
from service.errors import EncryptedError, GraphUnavailableError

DELAYS = (5.0, 30.0)


@pytest.mark.parametrize(("attempt", "delay"), [(1, 5.0), (2, 30.0)])
def test_a_transient_error_goes_through_the_tiers_one_by_one(attempt, delay):
    assert decide(GraphUnavailableError("x"), attempt, DELAYS) == Retry(delay)


def test_a_transient_error_whose_tiers_are_used_up_is_given_up_with_its_reason():
    assert decide(GraphUnavailableError("x"), 3, DELAYS) == DeadLetter(Reason.GRAPH_UNAVAILABLE)


def test_a_permanent_error_skips_the_tiers():
    assert decide(EncryptedError("x"), 1, DELAYS) == DeadLetter(Reason.ENCRYPTED)


def test_a_defect_is_retried_and_then_given_up_as_an_internal_error():
    assert decide(KeyError("x"), 1, DELAYS) == Retry(5.0)
    assert decide(KeyError("x"), 3, DELAYS) == DeadLetter(Reason.INTERNAL_ERROR)
