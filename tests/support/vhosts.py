"""A vhost of its own for each test that wants one, from a private RabbitMQ; made many at a time, as each call costs."""

import itertools
import os

from service.local.stack import Stack, existing_stacks

AT_A_TIME = 20


def private_stack() -> Stack | None:
    """The stack that `RABBITMQ_URL` points at; None when it is somebody else's broker."""
    url = os.environ.get("RABBITMQ_URL")
    for stack in existing_stacks():
        if stack.env()["RABBITMQ_URL"] == url:
            return stack
    return None


class Vhosts:
    def __init__(self, stack: Stack) -> None:
        self._rabbitmq = stack.rabbitmq
        self._run = os.urandom(3).hex()
        self._numbers = itertools.count(1)
        self._ready: list[str] = []
        self._used: list[str] = []
        self._kept: list[str] = []

    def take(self, *, keep: bool = False) -> str:
        """Return the URL of an empty vhost, which may be deleted once its test is over, or kept for several tests."""
        if not self._ready:
            self.clear()
            self._ready = [f"test-{self._run}-{next(self._numbers)}" for _ in range(AT_A_TIME)]
            self._rabbitmq.add_vhosts(*self._ready)
        name = self._ready.pop(0)
        (self._kept if keep else self._used).append(name)
        return self._rabbitmq.url(name)

    def clear(self) -> None:
        """Delete what tests are done with: its queues would slow the broker down."""
        if self._used:
            self._rabbitmq.delete_vhosts(*self._used)
            self._used = []

    def close(self) -> None:
        """Delete those that were kept, too."""
        self._used += self._kept
        self.clear()
