"""Keeps an eye on this process's own connection to RabbitMQ, its publishing and its consumers.

aio-pika restores channels and consumers after a reconnect, a deleted queue or a cancel by the broker. Where it does
not, the process would live on deaf or mute; here it is mended, or ended so that it is started again.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto

import aio_pika
import structlog
from aio_pika.exceptions import AMQPError, AuthenticationError, ProbableAuthenticationError
from faststream.rabbit import RabbitBroker

from service.delivery.connection import losses_told_apart
from service.delivery.consumers import deaf_queues, is_blocked, publishes, reopen_publishing
from service.delivery.envelope import describe
from service.delivery.topology import Topology, declare
from service.errors import StartupError

log = structlog.get_logger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
LONGEST_LOOK = 15.0
"""Seconds that a look may take, with what it mends: aio-pika waits for a lost channel without end."""
MEND_AFTER = 5
"""Looks at a connected but deaf process until the topology is declared again."""
GIVE_UP_AFTER = 30
"""Looks until the process is ended."""


class State(Enum):
    """What a look finds."""

    CONNECTED = auto()
    BLOCKED = auto()
    AWAY = auto()


async def watch_consumers(broker: RabbitBroker, topology: Topology, give_up: Callable[[str], None]) -> None:
    """Watch for ever.

    Args:
        broker: whose connection, publishing channel and subscribers are watched.
        topology: what is declared again when something is missing.
        give_up: called with the problem when nothing helps.

    """
    watch = _Watch(broker, topology, give_up)
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            async with losses_told_apart(), asyncio.timeout(LONGEST_LOOK):
                await watch.look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look comes
            log.warning("the connection could not be looked at", problem=describe(error))


class _Watch:
    def __init__(self, broker: RabbitBroker, topology: Topology, give_up: Callable[[str], None]) -> None:
        self._broker = broker
        self._topology = topology
        self._give_up = give_up
        self._state = State.CONNECTED
        self._looks = 0

    async def look(self) -> None:
        state = await self._see()
        self._tell(state)
        failing = await self._failing(state)
        self._looks = self._looks + 1 if failing else 0
        if self._looks == GIVE_UP_AFTER:
            self._give_up(f"expected this process to {failing}, but it does not, and nothing helped")
        elif failing and state is State.CONNECTED:
            await self._mend(failing)

    async def _mend(self, failing: str) -> None:
        if not publishes(self._broker):
            # At once: until then nothing can be answered, and what is given back comes again.
            log.warning("the channel for publishing is closed; opening it again")
            await reopen_publishing(self._broker)
        elif self._looks == MEND_AFTER:
            log.warning("this process does not consume; declaring the topology again", expected=failing)
            await redeclare(self._broker, self._topology)

    async def _see(self) -> State:
        if not await self._broker.ping(timeout=1.0):
            return State.AWAY
        return State.BLOCKED if is_blocked(self._broker) else State.CONNECTED

    def _tell(self, state: State) -> None:
        before, self._state = self._state, state
        if state is before:
            return
        if state is State.AWAY:
            log.warning("RabbitMQ is away; connecting again every second")
        elif state is State.BLOCKED:
            log.warning("RabbitMQ takes no publishes: it has a memory or disk alarm; work is held")
        elif before is State.BLOCKED:
            log.info("RabbitMQ takes publishes again")

    async def _failing(self, state: State) -> str | None:
        """Return what this process should do and does not, though RabbitMQ would let it."""
        if state is State.BLOCKED:
            return None  # an alarm is waited for, however long that takes
        if state is State.AWAY:
            answer = await _answer(self._broker)
            return f"be connected to RabbitMQ, which {answer}" if answer else None
        if not publishes(self._broker):
            return "publish"
        deaf = await deaf_queues(self._broker)
        return f"consume {', '.join(deaf)}" if deaf else None


async def _answer(broker: RabbitBroker) -> str | None:
    """Return what RabbitMQ says to a new connection like ours, which should then not be gone for long; None: nothing.

    A refusal does not end by itself: the password was changed, and a process that is started again reads the new one.
    """
    if (ours := broker._connection) is None:  # noqa: SLF001 - no public name; covered by a test
        return None
    try:
        async with asyncio.timeout(LONGEST_LOOK / 2), await aio_pika.connect(ours.url):
            return "accepts new connections"
    except (AuthenticationError, ProbableAuthenticationError):
        return "refuses its user or password (RABBITMQ_URL)"
    except (AMQPError, OSError):
        return None


async def reconnected(broker: RabbitBroker, topology: Topology) -> None:
    """Declare again what may have been lost with the connection that has just been replaced."""
    log.warning("the connection to RabbitMQ was lost and is there again; declaring the topology")
    await redeclare(broker, topology)


async def redeclare(broker: RabbitBroker, topology: Topology) -> None:
    """Declare what another process or a person deleted meanwhile; a broker that is away again is waited for."""
    try:
        await declare(broker, topology)
    except (AMQPError, StartupError, OSError, RuntimeError) as error:
        log.warning("topology could not be declared again", problem=describe(error))
