"""Messages that were delivered up to the limit without any answer: each ended its process, or was always cut off."""

from faststream.rabbit import RabbitRouter

from service.delivery.subscriber import AtHand, Line, Router
from service.delivery.topology import Topology
from service.errors import CrashLoopError

PREFETCH = 16


def crashes_router(line: Line, topology: Topology) -> RabbitRouter:
    """Return the subscriber that gives such messages up."""
    router = Router(line)

    @router.consumer(topology.crashed, read=bytes, prefetch=PREFETCH, include_in_schema=False)
    async def crashed(body: bytes, delivery: AtHand) -> None:
        msg = (
            f"expected the message to be answered within {topology.delivery_limit} deliveries, got none: it ends its "
            "process, or the process was ended each time while it was in flight; replay it once the cause is mended"
        )
        raise CrashLoopError(msg)

    return router
