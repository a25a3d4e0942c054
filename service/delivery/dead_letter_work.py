"""What people do with dead letters while the service runs: look at them, replay them, drop them."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from service.delivery.copies import copy_of, destination
from service.delivery.dead_letter_scan import DeadLetterScan
from service.delivery.dead_letters import DeadLetter, Wanted
from service.delivery.edits import EditError
from service.delivery.envelope import now
from service.delivery.republisher import Republisher

Edit = Callable[[DeadLetter, bytes], Awaitable[bytes]]
"""Returns the body to replay instead.

Raises:
    EditError: the letter is left in the queue.

"""


@dataclass(slots=True)
class Tally:
    """How far a command is."""

    ready: int = 0
    """Dead letters at the start, without those that somebody else holds."""
    others: int = 0
    """Consumers of the dead letters at the start; what they hold is not seen."""
    looked: int = 0
    matched: int = 0
    done: int = 0
    """Replayed or dropped; of a dry run, those that would be tried."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Event id and problem of each letter that was wanted and had to stay."""


Watch = Callable[[Tally], None]
"""Called after each letter."""


def unwatched(tally: Tally) -> None:
    """Watch nothing."""


async def look(
    connection: AbstractConnection,
    wanted: Wanted,
    *,
    limit: int | None = None,
    tally: Tally | None = None,
    watch: Watch = unwatched,
) -> AsyncGenerator[tuple[DeadLetter, AbstractIncomingMessage], None]:
    """Yield what is wanted, in the order of the queue, and leave everything as it is. Close it with `aclosing`."""
    tally = tally or Tally()
    async with DeadLetterScan(connection) as scan, aclosing(_matching(scan, wanted, tally, limit)) as found:
        async for letter, message in found:
            scan.leave(message)
            yield letter, message
            watch(tally)


async def replay(
    connection: AbstractConnection,
    wanted: Wanted,
    *,
    edit: Edit | None = None,
    limit: int | None = None,
    rate: float | None = None,
    dry_run: bool = False,
    watch: Watch = unwatched,
) -> Tally:
    """Send dead letters back to the handlers they came from. Each leaves the queue once its copy is confirmed.

    Any number of replays may run at once: a letter is held by one of them. A replay that is killed between confirm and
    acknowledgement leaves a letter that was replayed; replayed again, it is recognised by its event id.

    Args:
        connection: to the service's vhost.
        wanted: which.
        edit: changes bodies on the way.
        limit: how many are tried at most.
        rate: copies per second at most.
        dry_run: leave everything as it is, and tell what would be tried.
        watch: hears of the progress.

    """
    tally = Tally()

    async def settle(letter: DeadLetter, message: AbstractIncomingMessage, problem: str | None) -> None:
        if problem is None:
            await message.ack()
            tally.done += 1
        else:
            stay(letter, message, problem)
        watch(tally)

    def stay(letter: DeadLetter, message: AbstractIncomingMessage, problem: str) -> None:
        scan.leave(message)
        tally.problems.append((letter.event_id, problem))

    async with (
        DeadLetterScan(connection) as scan,
        Republisher(connection, rate=rate) as copies,
        aclosing(_matching(scan, wanted, tally, limit, watch)) as found,
    ):
        async for letter, message in found:
            try:
                body = await edit(letter, message.body) if edit else message.body
            except EditError as problem:
                stay(letter, message, str(problem))
                continue
            if dry_run:
                scan.leave(message)
                tally.done += 1
                continue
            scan.take(message)
            await copies.send(
                copy_of(message, body),
                *destination(letter.exchange, letter.routing_key, changed=body != message.body),
                partial(settle, letter, message),
            )
    return tally


async def drop(
    connection: AbstractConnection,
    wanted: Wanted,
    show: Callable[[DeadLetter], None],
    *,
    only: Callable[[DeadLetter], bool] = lambda _: True,
    limit: int | None = None,
    dry_run: bool = False,
) -> Tally:
    """Show each wanted letter, then remove it for good.

    Args:
        connection: to the service's vhost.
        wanted: which.
        show: is called first, so that nothing vanishes unseen.
        only: a further condition, such as that somebody has agreed to this very letter.
        limit: how many at most.
        dry_run: show only.

    """
    tally = Tally()
    async with DeadLetterScan(connection) as scan, aclosing(_matching(scan, wanted, tally, limit, only=only)) as found:
        async for letter, message in found:
            show(letter)
            tally.done += 1
            if dry_run:
                scan.leave(message)
            else:
                scan.take(message)
                await message.ack()
    return tally


async def _matching(
    scan: DeadLetterScan,
    wanted: Wanted,
    tally: Tally,
    limit: int | None,
    watch: Watch = unwatched,
    *,
    only: Callable[[DeadLetter], bool] = lambda _: True,
) -> AsyncGenerator[tuple[DeadLetter, AbstractIncomingMessage], None]:
    """Yield what is wanted; the rest is left."""
    tally.ready, tally.others = scan.ready, scan.others
    started = now()
    async with aclosing(scan.messages()) as messages:
        async for message in messages:
            tally.looked += 1
            letter = DeadLetter.of(message)
            if not (wanted.matches(letter, started) and only(letter)):
                scan.leave(message)
                watch(tally)
                continue
            tally.matched += 1
            yield letter, message
            if tally.matched == limit:
                return
