"""Brings completions and those who wait for them together. No I/O.

A completion's `message_id` follows from the event id, so each of the thousands that are not ours is told by one
look-up, without reading its body.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime

from service.client.errors import ClientError
from service.client.receipts import Completion, Receipt

KEPT = 10_000
"""Events whose completion is kept for a `wait` that may still come. Older ones are found in the journal."""


class Awaited:
    """An event on its way to its completion."""

    __slots__ = ("looked_up", "may_be_missed", "outcome", "receipt", "settled", "waiters")

    def __init__(self, receipt: Receipt, *, may_be_missed: bool) -> None:
        self.receipt = receipt
        self.may_be_missed = may_be_missed
        """Whether its completion may have been published unheard, at any time since it was submitted."""
        self.looked_up = False
        """Whether somebody reads the journal for it."""
        self.waiters = 0
        self.outcome: Completion | ClientError | None = None
        self.settled = asyncio.Event()
        """It has an outcome, or nobody waits any more."""

    def settle(self, outcome: Completion | ClientError) -> None:
        """Tell those who wait."""
        self.outcome = outcome
        self.settled.set()


class Inbox:
    """The events of one client that have no completion yet, or one that nobody has asked for."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._events: OrderedDict[str, Awaited] = OrderedDict()
        self._by_completion: dict[str, Awaited] = {}

    def __len__(self) -> int:
        return len(self._events)

    def expect(self, receipt: Receipt, *, may_be_missed: bool) -> Awaited:
        """Look out for an event's completion; the same event again changes nothing."""
        if found := self._events.get(receipt.event_id):
            return found
        awaited = self._events[receipt.event_id] = Awaited(receipt, may_be_missed=may_be_missed)
        for id_ in receipt.completion_ids():
            self._by_completion[id_] = awaited
        self._drop_oldest()
        return awaited

    @contextmanager
    def waiting(self, receipt: Receipt) -> Generator[Awaited, None, None]:
        """Wait for `settled` in the block. An event that was not looked out for may have its completion already."""
        awaited = self.expect(receipt, may_be_missed=True)
        awaited.waiters += 1
        if not isinstance(awaited.outcome, Completion):
            awaited.outcome = None
            awaited.settled.clear()
        try:
            yield awaited
        finally:
            awaited.waiters -= 1
            if not awaited.waiters:
                awaited.settled.set()
                if awaited.outcome is not None:
                    self.forget(awaited)

    def awaits(self, completion_id: str | None) -> Awaited | None:
        """Return the event that a completion answers, if it is one of ours and not answered yet."""
        awaited = self._by_completion.get(completion_id or "")
        return awaited if awaited is not None and not isinstance(awaited.outcome, Completion) else None

    def forget(self, awaited: Awaited) -> None:
        """Stop looking out for an event."""
        if self._events.pop(awaited.receipt.event_id, None):
            for id_ in awaited.receipt.completion_ids():
                self._by_completion.pop(id_, None)

    def not_listening(self) -> None:
        """Completions may have been published that nobody heard.

        How long ago that began is not known: a process that stood still notices the loss of its connection only when
        it goes on.
        """
        for awaited in self._events.values():
            awaited.looked_up = False
            awaited.may_be_missed = True

    def to_look_up(self) -> list[Awaited]:
        """Return the events that somebody waits for and whose completion may have been missed."""
        return [
            awaited
            for awaited in self._events.values()
            if awaited.waiters and awaited.may_be_missed and not awaited.looked_up and not awaited.settled.is_set()
        ]

    def unheard(self) -> list[Awaited]:
        """Return the events whose completion may have been missed, waited for or not."""
        return [awaited for awaited in self._events.values() if awaited.may_be_missed and awaited.outcome is None]

    def fail(self, error: ClientError) -> None:
        """Tell everybody who waits that no completion can come."""
        for awaited in self._events.values():
            if awaited.waiters and awaited.outcome is None:
                awaited.settle(error)

    def _drop_oldest(self) -> None:
        for _ in range(len(self._events) - self._kept):
            oldest = next(iter(self._events.values()))
            if oldest.waiters:
                self._events.move_to_end(oldest.receipt.event_id)
            else:
                self.forget(oldest)


def submitted_first(events: Iterable[Awaited]) -> datetime:
    """Return from when on the journal holds the completions of all of them."""
    return min(awaited.receipt.submitted_at for awaited in events)
