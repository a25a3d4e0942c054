"""Messages that RabbitMQ took out of their queue, and nobody has answered.

Mostly they were delivered up to the limit: each ended its process, or was always cut off.
"""

from faststream.rabbit import RabbitRouter

from service.delivery.subscriber import AtHand, Line, Router
from service.delivery.topology import Topology
from service.errors import CrashLoopError, InvalidEventError

PREFETCH = 16


def crashes_router(line: Line, topology: Topology) -> RabbitRouter:
    """Return the subscriber that gives such messages up."""
    router = Router(line)

    @router.consumer(topology.crashed, read=bytes, prefetch=PREFETCH, include_in_schema=False)
    async def crashed(body: bytes, envelope: AtHand) -> None:
        if envelope.expired:
            msg = (
                "expected an event that stays until it is handled, but its time to live was over before; publish it "
                "without `expiration`, set no message-ttl on the queue, and replay it"
            )
            raise InvalidEventError(msg)
        raise CrashLoopError.after(f"{topology.delivery_limit} deliveries")

    return router
