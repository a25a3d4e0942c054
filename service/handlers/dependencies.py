"""What handlers are given, by dependency injection from the app's context, where the lifespan puts it.

The providers are `async def` and read the context themselves: FastStream's `Context()` and plain `def` providers cost a
hop to a thread per message, half of the throughput.
"""

import time
from dataclasses import dataclass

from faststream import ContextRepo

from service.delivery.envelope import Envelope
from service.graph.committer import Committer
from service.graph.registers import Registers
from service.ingest.ingestor import Ingestor


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery that a handler answers."""

    envelope: Envelope
    started: float
    """`time.perf_counter()` when the message was taken."""

    @property
    def duration_ms(self) -> float:
        """Milliseconds since then."""
        return round((time.perf_counter() - self.started) * 1000, 3)


class Dependencies:
    """Providers for `Depends`."""

    def __init__(self, context: ContextRepo) -> None:
        self._context = context

    async def delivery(self) -> Delivery:
        """Return the delivery at hand."""
        started = time.perf_counter()
        return Delivery(Envelope.of(self._context.get_local("message").raw_message), started)

    async def ingestor(self) -> Ingestor:
        """Return the process's ingestor."""
        ingestor: Ingestor = self._context.get("ingestor")
        return ingestor

    async def committer(self) -> Committer:
        """Return the process's committer."""
        committer: Committer = self._context.get("committer")
        return committer

    async def registers(self) -> Registers:
        """Return the registers of the process's graph."""
        registers: Registers = self._context.get("registers")
        return registers
