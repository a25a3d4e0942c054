"""Listens to completions, by an exclusive queue of the client's own, for as long as the client is open.

The queue is bound to all completions: the routing key is their kind, so RabbitMQ cannot tell whose they are. After a
reconnect the old queue is gone, and completions were published that went into none. They are read from the journal of
completions, from the submission on, for those events only that somebody waits for. To publish those events again would
bring an answer, too, but not always the same one (a newer version may have come in between), and everybody else would
hear it twice.
"""

import asyncio
import logging
from collections.abc import Sequence

from aio_pika.abc import AbstractIncomingMessage
from pydantic import ValidationError

from service.client.connector import Backoff, Connector
from service.client.errors import ClientError, CompletionUnavailableError
from service.client.inbox import Awaited, Inbox, submitted_first
from service.client.journal import ago, attached
from service.client.link import Link, LinkLostError
from service.client.names import COMPLETIONS
from service.client.receipts import read_completion, utcnow

log = logging.getLogger("docgraph.client")

QUIET = 0.5
"""Seconds without a completion in the journal until it is asked who still waits."""


class Listener:
    """The completions of one client's events."""

    def __init__(self, connector: Connector, inbox: Inbox) -> None:
        self._connector = connector
        self._inbox = inbox
        self._task: asyncio.Task[None] | None = None
        self._live = asyncio.Event()
        self._changed = asyncio.Event()
        self._failure: ClientError | None = None

    @property
    def is_live(self) -> bool:
        """Whether every completion that is published now is heard."""
        return self._live.is_set() and self._failure is None

    async def live(self) -> None:
        """Listen, and wait until every completion is heard, for as long as it takes.

        Raises:
            ClientError: RabbitMQ does not allow it.

        """
        self.start()
        await self._live.wait()
        if self._failure is not None:
            raise self._failure

    def start(self) -> None:
        """Listen from now on."""
        if self._task is None or self._task.done():
            self._failure = None
            self._live.clear()
            self._task = asyncio.create_task(self._run(), name="docgraph client: completions")
        self._changed.set()

    async def close(self) -> None:
        """Stop listening."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                link = await self._connector.link()
                await self._listen(link)
            except LinkLostError as error:
                log.debug("connection for completions was lost", extra={"problem": str(error)})
            except ClientError as error:
                self._failure = error
                self._inbox.fail(CompletionUnavailableError(f"the event is confirmed, but: {error}"))
                self._live.set()  # whoever waits for it looks at the failure
                return
            finally:
                self._inbox.not_listening()
                if self.is_live:
                    self._live.clear()
                    backoff = Backoff()
            await backoff.pause()

    async def _listen(self, link: Link) -> None:
        """Hear every completion until the link or the queue is lost."""
        look_ups: set[asyncio.Task[None]] = set()
        try:
            async with link.channel() as (channel, gone):
                gone.add_done_callback(lambda _: self._changed.set())
                queue = await channel.declare_queue(exclusive=True)
                await queue.bind(COMPLETIONS, "#")
                await queue.consume(self._hear, no_ack=True)
                self._live.set()
                while not gone.done():
                    self._changed.clear()
                    if missing := self._inbox.to_look_up():
                        for awaited in missing:
                            awaited.looked_up = True
                        task = asyncio.create_task(self._look_up(link, missing))
                        look_ups.add(task)
                        task.add_done_callback(look_ups.discard)
                    await self._changed.wait()
        finally:
            for task in look_ups:
                task.cancel()
            await asyncio.gather(*look_ups, return_exceptions=True)

    async def _look_up(self, link: Link, missing: Sequence[Awaited]) -> None:
        """Read the journal until all of them are settled. Its end need not be found: the queue hears what comes."""
        backoff = Backoff()
        try:
            while not link.lost.is_set() and not _settled(missing):
                try:
                    await self._read_journal(link, missing)
                except LinkLostError as error:  # also a stream that is not up yet, after a restart of RabbitMQ
                    log.debug("journal of completions is not there", extra={"problem": str(error)})
                    await backoff.pause()
        except ClientError as error:
            log.warning("journal of completions cannot be read", extra={"problem": str(error)})
        finally:
            for awaited in missing:
                awaited.looked_up = False

    async def _read_journal(self, link: Link, missing: Sequence[Awaited]) -> None:
        began = utcnow()
        others = self._inbox.unheard()
        async with attached(link, ago(submitted_first(missing))) as reader:
            while not (_settled(missing) and _all_found(others)):
                try:
                    async with asyncio.timeout(QUIET):
                        message = await reader.next()
                except TimeoutError:
                    if _settled(missing):
                        return
                    continue
                await self._hear(message)
                # On the way it finds what others will wait for, too; those it does not find are looked up again.
                if _settled(missing) and message.timestamp and message.timestamp > began:
                    return

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        if (awaited := self._inbox.awaits(message.message_id)) is not None:
            try:
                awaited.settle(read_completion(message))
            except (ValidationError, KeyError) as error:
                log.warning("completion cannot be read", extra={"problem": str(error), "kind": message.type})


def _settled(events: Sequence[Awaited]) -> bool:
    return all(awaited.settled.is_set() for awaited in events)


def _all_found(others: list[Awaited]) -> bool:
    while others and others[-1].outcome is not None:
        others.pop()
    return not others
