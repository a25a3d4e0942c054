"""Waiting for an ETA without holding the delivery: queues of fixed delays, taken from the longest that fits. Pure.

One queue for each delay, as messages expire at a queue's head only: a mixed queue would hold short ones behind long
ones. A task that is due in a day passes through about ten of them.
"""

from dataclasses import dataclass
from datetime import datetime

from service.delivery.envelope import now

DELAYS = tuple(4**power for power in range(9))
"""Seconds of each lane: 1 s to 18 h."""
DUE = 0.05
"""Seconds before its ETA that a task counts as due."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Where to wait next."""

    delay: int
    expiration: float
    """Seconds to wait there; shorter than the lane's own delay for the last part of a second only."""


def lane_name(delay: int) -> str:
    """Return the value of the tier header that leads to a lane."""
    return f"celery-{delay}s"


def next_lane(eta: datetime | None, moment: datetime | None = None) -> Lane | None:
    """Return where to wait for an ETA; None when it is due."""
    if eta is None or (remaining := (eta - (moment or now())).total_seconds()) <= DUE:
        return None
    delay = max((delay for delay in DELAYS if delay <= remaining), default=DELAYS[0])
    return Lane(delay, min(remaining, delay))
