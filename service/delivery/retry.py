"""The retry decision: a pure function of the error, the attempt and the tiers."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas import Reason
from service.errors import DocgraphError


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after a delay."""

    delay: float
    """Seconds; one of the tiers."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Give up."""

    reason: Reason


def decide(error: Exception, attempt: int, delays: Sequence[float]) -> Retry | DeadLetter:
    """Decide what becomes of a message.

    Args:
        error: what its handling raised. An error that is not ours is a defect; it may pass, so it is retried too.
        attempt: 1 for the first.
        delays: seconds of each tier, in the order they are used.

    """
    transient = error.transient if isinstance(error, DocgraphError) else True
    if transient and attempt <= len(delays):
        return Retry(delays[attempt - 1])
    return DeadLetter(error.reason if isinstance(error, DocgraphError) else Reason.INTERNAL_ERROR)
