"""Keeps one link to RabbitMQ: opened when the first one needs it, replaced when it was lost."""

import asyncio
import random

from service.client.address import broker_url
from service.client.errors import ClientClosedError
from service.client.link import Link, LinkLostError

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
ATTEMPT_WITHIN = 10.0
"""Seconds for one attempt to connect; a frozen broker takes the connection and says nothing."""


class Backoff:
    """Pauses that grow to a bound, with jitter: a thousand clients do not come back in one moment."""

    def __init__(self) -> None:
        self._pause = FIRST_PAUSE

    async def pause(self) -> None:
        """Wait for a while, the next time for longer."""
        await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


class Connector:
    """The link of one client."""

    def __init__(self, url: str | None, name: str | None) -> None:
        self._given = url
        self._name = name
        self._link: Link | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self.problem = "no answer"
        """Why there was no link the last time."""

    async def link(self) -> Link:
        """Return the link; open one, for as long as it takes, when there is none. Bound it by a time-out.

        Raises:
            AccessRefusedError: RabbitMQ refuses us.
            UnroutableError: there is no exchange to publish to.
            NotConfirmedError: the URL is none.
            ClientClosedError: it was closed.

        """
        if self._closed:
            raise ClientClosedError("expected an open client, but it was closed")
        if self._link is not None and not self._link.lost.is_set():
            return self._link
        async with self._opening:
            if self._link is not None:
                if not self._link.lost.is_set():
                    return self._link
                lost, self._link = self._link, None
                await lost.close()
            self._link = await self._open()
            return self._link

    async def _open(self) -> Link:
        url = broker_url(self._given, self._name)
        backoff = Backoff()
        while True:
            try:
                async with asyncio.timeout(ATTEMPT_WITHIN):
                    return await Link.open(url)
            except (LinkLostError, TimeoutError) as error:
                self.problem = str(error) or "no answer"
            await backoff.pause()

    async def close(self) -> None:
        """Close the link; there will be no other."""
        self._closed = True
        link, self._link = self._link, None
        if link is not None:
            await link.close()
