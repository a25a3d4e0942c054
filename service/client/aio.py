"""The client for asynchronous code."""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from schemas import DocumentDeleted, DocumentProcessed, DocumentRemoved, DocumentSubmitted
from service.client.bulk import Bulk, attempt
from service.client.connector import Connector
from service.client.deadlines import Deadlines
from service.client.errors import (
    ClientClosedError,
    ClientError,
    CompletionTimeoutError,
    CompletionUnavailableError,
    DocumentFailedError,
    NotConfirmedError,
    WrongLoopError,
)
from service.client.events import Clock, Input, Outgoing, outgoing, read_file
from service.client.feed import Completions
from service.client.inbox import Inbox
from service.client.listener import Listener
from service.client.publisher import Publisher
from service.client.receipts import Receipt

IN_FLIGHT = 1000
"""Events of `submit_many` that are sent and not confirmed."""
CLOSED = "the event is confirmed, but the client was closed meanwhile"


class AsyncDocgraph:
    """Submits documents to docgraph and hears what became of them. One per process or event loop is enough.

    It connects at its first call, by one connection, and again whenever that is lost. Any number of tasks of one event
    loop may use it at a time. Open it with `async with`, or call `aclose`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        submit_timeout: float = 30.0,
        wait_timeout: float = 60.0,
        name: str | None = None,
    ) -> None:
        """Make a client; nothing is opened yet.

        Args:
            url: AMQP URL of the service's vhost. None takes `RABBITMQ_URL`, or the file that `RABBITMQ_URL_FILE` names.
            submit_timeout: seconds until an event must be confirmed.
            wait_timeout: seconds until its completion must be there.
            name: of the connection, as `rabbitmqctl list_connections` shows it.

        """
        self._submit_timeout = submit_timeout
        self._wait_timeout = wait_timeout
        self._connector = Connector(url, name)
        self._publisher = Publisher(self._connector)
        self._inbox = Inbox()
        self._listener = Listener(self._connector, self._inbox)
        self._waits = Deadlines()
        self._clock = Clock()
        self._feeds: set[Completions] = set()
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self, timeout: float = 5.0) -> None:
        """Wait for the events that are being confirmed, then close. Calls under way end with an error.

        Args:
            timeout: seconds to wait for confirms.

        """
        if self._closed:
            return
        self._closed = True
        if self._home is None:  # never used
            return
        self._inbox.fail(CompletionUnavailableError(CLOSED))
        for feed in list(self._feeds):
            await feed.aclose()
        await self._publisher.deadlines.finish(timeout)
        await self._waits.finish(0)
        await self._connector.close()
        await self._listener.close()

    async def connect(self, timeout: float | None = None) -> None:
        """Connect now: to fail early rather than at the first call, which would connect by itself.

        Raises:
            NotConfirmedError: RabbitMQ cannot be reached in time, refuses us, or the service never ran on this vhost.

        """
        self._enter()
        seconds = timeout or self._submit_timeout
        try:
            async with self._publisher.deadlines.within(seconds):
                await self._connector.link()
        except TimeoutError:
            msg = f"expected RabbitMQ to accept a connection within {seconds:.3g} s: {self._connector.problem}"
            raise NotConfirmedError(msg) from None

    async def submit(
        self,
        document_id: str,
        *,
        text: str | None = None,
        data: bytes | None = None,
        uri: str | None = None,
        media_type: str | None = None,
        title: str | None = None,
        language: str | None = None,
        metadata: Mapping[str, str | bool | float] | None = None,
        version: int | None = None,
        occurred_at: datetime | None = None,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Submit a document that is new or has changed; return when RabbitMQ has it safe.

        Args:
            document_id: the producer's id of the document.
            text: the document, when it is text. Exactly one of `text`, `data` and `uri` is given.
            data: its bytes, when it is binary.
            uri: where the service fetches it from.
            media_type: such as `text/markdown`; when absent it is told from the content.
            title: when absent the document's own is taken.
            language: language tag; when absent it is detected.
            metadata: flat facts of the producer's own.
            version: grows with every change of the document. Without it, `occurred_at` is the version.
            occurred_at: when the document changed, with a time zone; without a version, now.
            event_id: the same as of an earlier call to repeat that one; else a new one.
            correlation_id: of the producer's own; the completion carries it, and `completions` selects by it.
            timeout: seconds until it must be confirmed.

        Raises:
            NotConfirmedError: RabbitMQ does not have it.
            ConfirmationUnknownError: it may have it.
            pydantic.ValidationError: the arguments make no event.

        """
        fields = {
            "document_id": document_id, "text": text, "data": data, "uri": uri, "media_type": media_type,
            "title": title, "language": language, "metadata": metadata, "version": version, "occurred_at": occurred_at,
        }  # fmt: skip
        event = DocumentSubmitted(**self._clock.complete(fields))
        return await self._send(Outgoing.of(event, event_id, correlation_id), timeout)

    async def submit_file(self, path: str | os.PathLike[str], document_id: str | None = None, **more: Any) -> Receipt:
        """Read a file and submit it.

        Args:
            path: of the file.
            document_id: the path as given when absent.
            more: further arguments of `submit`. Without `media_type` the file's suffix tells it.

        Raises:
            OSError: the file cannot be read.
            NotConfirmedError: RabbitMQ does not have it.
            ConfirmationUnknownError: it may have it.

        """
        file = Path(path)
        content = await asyncio.to_thread(read_file, file, more.pop("media_type", None))
        return await self.submit(document_id or file.as_posix(), **content, **more)

    async def delete(
        self,
        document_id: str,
        *,
        version: int | None = None,
        occurred_at: datetime | None = None,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Delete a document. The arguments and errors are those of `submit`."""
        fields = {"document_id": document_id, "version": version, "occurred_at": occurred_at}
        event = DocumentDeleted(**self._clock.complete(fields))
        return await self._send(Outgoing.of(event, event_id, correlation_id), timeout)

    async def send(
        self,
        event: Input,
        *,
        event_id: str | None = None,
        correlation_id: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Send an event that is made already. The errors are those of `submit`."""
        return await self._send(Outgoing.of(event, event_id, correlation_id), timeout)

    async def submit_many(
        self,
        documents: Iterable[Input | Mapping[str, Any]] | AsyncIterable[Input | Mapping[str, Any]],
        *,
        in_flight: int = IN_FLIGHT,
        progress: Callable[[int], object] | None = None,
        timeout: float | None = None,
    ) -> list[Receipt]:
        """Submit many documents, confirmed in bulk: many are on their way at a time.

        Args:
            documents: events, or mappings with the arguments of `submit`. Read as it goes, never far ahead.
            in_flight: how many may be sent and not confirmed; it bounds the memory.
            progress: called with the number of confirmed events whenever that grows.
            timeout: seconds until each must be confirmed.

        Returns:
            The receipts in the order of the documents.

        Raises:
            PartlySubmittedError: some are not confirmed; it tells which. No further ones were sent.

        """
        self._enter()
        async with Bulk(in_flight, progress) as bulk:
            async for item in _read(documents):
                await bulk.add(partial(self._send_item, item, timeout))
                if bulk.failed:
                    break
            return await bulk.finish()

    async def wait(self, receipt: Receipt, timeout: float | None = None) -> DocumentProcessed | DocumentRemoved:
        """Wait for an event's completion. It may be there already; none is missed between submitting and waiting.

        Args:
            receipt: what `submit` returned, here or in another process.
            timeout: seconds to wait.

        Raises:
            DocumentFailedError: the service gave the event up.
            CompletionTimeoutError: it has not answered yet. Wait again.
            CompletionUnavailableError: RabbitMQ does not let us listen, or the client was closed meanwhile.

        """
        self._enter()
        seconds = self._wait_timeout if timeout is None else timeout
        self._listener.start()
        with self._inbox.waiting(receipt) as awaited:
            self._listener.start()  # now that there is somebody to look up for
            try:
                async with self._waits.within(seconds):
                    await awaited.settled.wait()
            except TimeoutError:
                what = f"the completion of event {receipt.event_id} ({receipt.document_id})"
                why = "" if self._listener.is_live else f", but there is no connection: {self._connector.problem}"
                msg = f"expected {what} within {seconds:.3g} s{why}; the event is confirmed, wait again"
                raise CompletionTimeoutError(msg, receipt) from None
            outcome = awaited.outcome
        if isinstance(outcome, DocumentProcessed | DocumentRemoved):
            return outcome
        if isinstance(outcome, ClientError):
            raise type(outcome)(str(outcome), receipt)
        assert outcome is not None
        raise DocumentFailedError(outcome, receipt)

    async def submit_and_wait(
        self, document_id: str, *, timeout: float | None = None, **document: Any
    ) -> DocumentProcessed:
        """Submit a document and wait for its completion.

        Args:
            document_id: the producer's id of the document.
            timeout: seconds for both.
            document: further arguments of `submit`.

        Raises:
            NotConfirmedError: RabbitMQ does not have it.
            ConfirmationUnknownError: it may have it.
            DocumentFailedError: the service gave it up.
            CompletionTimeoutError: it is confirmed and not answered yet.
            CompletionUnavailableError: it is confirmed, and the client was closed meanwhile.

        """
        self._enter()
        seconds = self._wait_timeout if timeout is None else timeout
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        try:
            async with self._waits.within(seconds):
                await self._listener.live()  # before the event is sent, so that the journal need not be read
        except TimeoutError:
            msg = f"expected RabbitMQ to accept a connection within {seconds:.3g} s: {self._connector.problem}"
            raise NotConfirmedError(msg) from None
        receipt = await self.submit(document_id, timeout=max(0.0, until - loop.time()), **document)
        if self._closed:
            raise CompletionUnavailableError(CLOSED, receipt)
        completion = await self.wait(receipt, max(0.0, until - loop.time()))
        assert isinstance(completion, DocumentProcessed)
        return completion

    def completions(
        self,
        *,
        since: datetime | None = None,
        correlation_id: str | None = None,
        kinds: Collection[str] | None = None,
        idle: float | None = None,
    ) -> Completions:
        """Return an iterator over completions: of all events, whoever sent them. A failure is yielded, not raised.

        Args:
            since: also those that occurred from then on, as far as the journal reaches. None: from attaching on.
            correlation_id: only of events that were sent with it.
            kinds: only `document.processed`, `document.removed` or `document.failed`.
            idle: seconds without a completion that is selected after which the iteration ends. None: never.

        """
        self._enter()
        return Completions(
            self._connector,
            self._feeds.add,
            self._feeds.discard,
            since=since,
            correlation_id=correlation_id,
            kinds=kinds,
            idle=idle,
            attach_timeout=self._submit_timeout,
        )

    async def attempt_all(
        self, documents: Collection[Input | Mapping[str, Any]], timeout: float | None = None
    ) -> list[Receipt | Exception]:
        """Submit a few documents at a time; return, for each, its receipt or its error."""
        return await asyncio.gather(*(attempt(partial(self._send_item, item, timeout)) for item in documents))

    async def _send_item(self, item: Input | Mapping[str, Any], timeout: float | None) -> Receipt:
        return await self._send(outgoing(item, self._clock), timeout)

    async def _send(self, outgoing: Outgoing, timeout: float | None) -> Receipt:
        self._enter()
        self._inbox.expect(outgoing.receipt, may_be_missed=not self._listener.is_live)
        await self._publisher.publish(outgoing, self._submit_timeout if timeout is None else timeout)
        return outgoing.receipt

    def _enter(self) -> None:
        """Refuse what cannot work: a closed client, another event loop, a forked process."""
        here = os.getpid(), asyncio.get_running_loop()
        if self._closed:
            raise ClientClosedError("expected an open client, but it was closed")
        if self._home is None:
            self._home = here
        elif self._home != here:
            msg = (
                "expected this AsyncDocgraph to be used in the process and event loop that used it first, got another; "
                "open one per loop, or use Docgraph, which works from everywhere"
            )
            raise WrongLoopError(msg)


async def _read(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
