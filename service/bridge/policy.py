"""The policy that a plain Celery queue needs: without it a task that expires in the queue is dropped unanswered.

A client declares its queue without arguments, and would be refused if ours had any. A policy says the same without
being an argument. AMQP cannot ask for policies, so it is tried out: a message that expires at once must come back.
"""

import asyncio
import json
import re
import shlex
from collections.abc import Sequence

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from yarl import URL

from service.bridge.places import CELERY, RETURNED, counts

PROBE = "docgraph-probe"
"""Header of the message that is tried; consumers of ours drop it."""
PATIENCE = 1.5
"""Seconds for it to come back."""


def policy_command(queues: Sequence[str], url: str) -> str:
    """Return the command that sets the policy for the callers' queues; empty when there are none."""
    names = [queue for queue in queues if queue != CELERY]
    if not names:
        return ""
    pattern = f"^({'|'.join(re.escape(name) for name in names)})$"
    vhost = URL(url).path.removeprefix("/") or "/"
    definition = json.dumps({"dead-letter-exchange": RETURNED})
    parts = ["rabbitmqctl", "set_policy", "-p", vhost, "--apply-to", "queues", "docgraph-celery", pattern, definition]
    return shlex.join(parts)


async def policy_is_missing(connection: AbstractConnection, queue: str) -> bool | None:
    """Tell whether a queue drops what expires in it; None when it cannot be told, as others use the queue now."""
    if await counts(connection, queue) != (0, 0):
        return None
    came_back = asyncio.Event()
    try:
        async with connection.channel(on_return_raises=True) as channel:
            watcher = await channel.declare_queue(exclusive=True)
            await watcher.bind(RETURNED)

            async def look(message: AbstractIncomingMessage) -> None:
                if message.headers.get(PROBE) == queue:
                    came_back.set()

            await watcher.consume(look, no_ack=True)
            probe = aio_pika.Message(b"", headers={PROBE: queue}, expiration=0)
            await channel.default_exchange.publish(probe, queue)
            async with asyncio.timeout(PATIENCE):
                await came_back.wait()
    except TimeoutError:
        # Somebody else may have taken it.
        return True if await counts(connection, queue) == (0, 0) else None
    except AMQPError:
        return None
    return False
