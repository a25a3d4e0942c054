"""How long a document may hold the event loop before it goes to a child after all.

Sizes alone do not tell: eight kibibytes of digits, of line ends or of ligatures take ten times as long as eight of
prose. So work on the loop looks at the processor's clock between its steps.
"""

import time
from collections.abc import Callable

Pace = Callable[[], None]
"""Called between the steps of the work; raises `TooSlowError` when it has taken too long."""


class TooSlowError(Exception):
    """The document takes longer than the event loop can wait. It is no fault of the document."""


def unhurried() -> None:
    """Let the work take its time, as in a child."""


def at_most(seconds: float) -> Pace:
    """Return a pace that allows so many seconds of this thread's processor time from now on."""
    until = time.thread_time() + seconds

    def check() -> None:
        if time.thread_time() > until:
            raise TooSlowError

    return check
