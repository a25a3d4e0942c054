"""One place for all schemes, limits and counts. Opened once in a process, closed before it ends."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Protocol, Self

from service.documents import Validator
from service.errors import DocgraphError, FetchUnavailableError, UnsupportedUriError
from service.ingest.fetching import uris
from service.ingest.fetching.fetched import Fetched
from service.ingest.fetching.files import FileReader
from service.ingest.fetching.options import FetchOptions
from service.ingest.fetching.stores import StoreReader
from service.ingest.fetching.web import WebReader

Observe = Callable[[str, str, float], None]
"""Takes a scheme, an outcome (`fetched`, `not_modified`, `cancelled` or a reason) and seconds."""


class Reader(Protocol):
    """Reads one kind of address."""

    async def read(self, uri: str, validator: Validator | None) -> Fetched | None:
        """Return what is there; None when it is what the validator describes."""


class Fetcher:
    """Fetches documents, a few at a time."""

    def __init__(self, options: FetchOptions | None = None, observe: Observe | None = None) -> None:
        """Make a fetcher that opens nothing yet.

        Args:
            options: limits and permissions; the defaults when absent.
            observe: is told of each fetch.

        """
        self._options = options or FetchOptions()
        self._observe = observe
        self._places = asyncio.Semaphore(self._options.concurrency)
        self._stack = AsyncExitStack()
        self._readers: dict[str, Reader] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        options = self._options
        # Not the loop's threads: a DNS or a network drive that hangs must not hold up anything else.
        threads = ThreadPoolExecutor(options.concurrency, thread_name_prefix="fetch")
        self._stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        web = await self._stack.enter_async_context(WebReader(options, threads))
        stores = await self._stack.enter_async_context(StoreReader(options))
        known: dict[str, Reader] = {"https": web, "http": web, "s3": stores, "gs": stores, "az": stores}
        self._readers = {scheme: known[scheme] for scheme in options.schemes}
        if options.roots:
            self._readers["file"] = FileReader(options, threads)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        await self._stack.aclose()

    @asynccontextmanager
    async def fetched(self, uri: str, validator: Validator | None = None) -> AsyncGenerator[Fetched | None, None]:
        """Fetch a document for the time of a `with` block, which should end when its bytes are not needed any more.

        Args:
            uri: its address.
            validator: of an earlier fetch of the same address.

        Returns:
            The document; None when its content still is the validator's.

        Raises:
            PermanentError: it cannot be had; the type says why.
            FetchUnavailableError: it cannot be had now.

        """
        if self._closed:
            msg = "expected to fetch while the service runs, but it stops"
            raise FetchUnavailableError(msg)
        scheme = uris.scheme_of(uri)
        reader = self._readers.get(scheme)
        if reader is None:
            open_ = ", ".join(f"{name}://" for name in self._readers) or "no scheme"
            msg = f"expected a URI with one of {open_} (DOCGRAPH_FETCH_SCHEMES, DOCGRAPH_FETCH_ROOTS), got {scheme}:"
            raise UnsupportedUriError(msg)
        await self._take_place()
        try:
            yield await self._read(reader, scheme, uri, validator)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._options.patience):
                await self._places.acquire()
        except TimeoutError:
            msg = f"expected a free place to fetch within {self._options.patience:g} s, but slow servers hold them all"
            raise FetchUnavailableError(msg) from None

    async def _read(self, reader: Reader, scheme: str, uri: str, validator: Validator | None) -> Fetched | None:
        began, outcome = time.perf_counter(), "cancelled"
        try:
            async with asyncio.timeout(self._options.timeout):
                fetched = await reader.read(uri, validator)
            outcome = "not_modified" if fetched is None else "fetched"
        except TimeoutError:
            error = FetchUnavailableError(
                f"expected {uris.shown(uri)} to be sent within {self._options.timeout:g} s, got no end"
            )
            outcome = error.reason.value
            raise error from None
        except DocgraphError as error:
            outcome = error.reason.value
            raise
        finally:
            if self._observe is not None:
                self._observe(scheme, outcome, time.perf_counter() - began)
        return fetched
