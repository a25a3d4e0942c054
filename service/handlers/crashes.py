"""Messages that were delivered up to the limit without any answer: each ended its process, or was always cut off."""

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitRouter

from service.delivery.topology import Topology
from service.errors import CrashLoopError

PREFETCH = 16


def crashes_router(topology: Topology) -> RabbitRouter:
    """Return the subscriber that gives such messages up."""
    router = RabbitRouter()

    @router.subscriber(
        topology.crashed,
        channel=Channel(prefetch_count=PREFETCH, on_return_raises=True),
        ack_policy=AckPolicy.MANUAL,
        decoder=_raw,
        no_reply=True,
        include_in_schema=False,
    )
    async def crashed(body: bytes) -> None:
        msg = (
            f"expected the message to be answered within {topology.delivery_limit} deliveries, got none: it ends its "
            "process, or the process was ended each time while it was in flight; replay it once the cause is mended"
        )
        raise CrashLoopError(msg)

    return router


async def _raw(message: object) -> bytes:
    body: bytes = message.body  # type: ignore[attr-defined]
    return body
