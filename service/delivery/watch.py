"""Keeps an eye on this process's own consumers.

aio-pika restores consumers after a reconnect, a deleted queue or a cancel by the broker. Where it does not, the process
would live on deaf; here it is mended, or ended so that it is started again.
"""

import asyncio
from collections.abc import Callable

import structlog
from aio_pika.exceptions import AMQPError
from faststream.rabbit import RabbitBroker

from service.delivery.consumers import deaf_queues, is_blocked
from service.delivery.envelope import describe
from service.delivery.topology import Topology, declare
from service.errors import StartupError

log = structlog.get_logger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
MEND_AFTER = 5
"""Looks at a connected but deaf process until the topology is declared again."""
GIVE_UP_AFTER = 30
"""Looks until the process is ended."""


async def watch_consumers(broker: RabbitBroker, topology: Topology, give_up: Callable[[str], None]) -> None:
    """Watch for ever.

    Args:
        broker: whose subscribers are watched.
        topology: what is declared again when a consumer is missing.
        give_up: called with the problem when nothing helps.

    """
    looks = 0
    while True:
        await asyncio.sleep(INTERVAL)
        # A broker that is away or has an alarm is waited for, however long that takes.
        deaf = await deaf_queues(broker) if await broker.ping(timeout=1.0) and not is_blocked(broker) else []
        looks = looks + 1 if deaf else 0
        if looks == MEND_AFTER:
            log.warning("this process does not consume; declaring the topology again", queues=deaf)
            await redeclare(broker, topology)
        elif looks == GIVE_UP_AFTER:
            give_up(
                f"expected this process to consume {', '.join(deaf)}, but it does not, and redeclaring did not help"
            )


async def redeclare(broker: RabbitBroker, topology: Topology) -> None:
    """Declare what may have been lost with the connection; a broker that is away again is waited for."""
    try:
        await declare(broker, topology)
    except (AMQPError, StartupError, OSError, RuntimeError) as error:
        log.warning("topology could not be declared again", problem=describe(error))
