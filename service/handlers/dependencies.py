"""What handlers are given, by dependency injection from the app's context, where the lifespan puts it."""

from faststream import ContextRepo

from service.graph.committer import Committer
from service.graph.registers import Registers
from service.ingest.ingestor import Ingestor


class Dependencies:
    """Providers for `Depends`, asked once when a consumer starts."""

    def __init__(self, context: ContextRepo) -> None:
        self._context = context

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
