"""The ingest as the handlers see it: an event in, a prepared document out."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from schemas.events import DocumentSubmitted
from service.documents import Origin, PreparedDocument, Validator
from service.errors import UnsupportedUriError
from service.ingest.fetching.fetcher import Fetcher
from service.ingest.media_types import PLAIN
from service.ingest.options import IngestOptions
from service.ingest.origin import key_of, origin_of
from service.ingest.pace import TooSlowError, at_most
from service.ingest.pool import ChildPool
from service.ingest.preparation import accept, prepare
from service.ingest.source import Source, given, referred
from service.ingest.telling import is_isolated

_WARM_UP = ("Bees live in the hive, and the hive is full of honey.", "蜜蜂住在蜂箱里，蜂箱里装满了蜂蜜。")


class Ingestor:
    """Prepares documents: short texts at once on the event loop, all others in a child process."""

    def __init__(
        self,
        options: IngestOptions | None = None,
        worker: Sequence[str] | None = None,
        fetcher: Fetcher | None = None,
    ) -> None:
        """Make an ingestor that starts nothing yet.

        Args:
            options: sizes and limits; the defaults when absent.
            worker: command of the child processes; for tests.
            fetcher: fetches documents that are given by `uri`, opened and closed by the caller; without one they are
                refused.

        """
        self._options = options or IngestOptions()
        self._pool = ChildPool(self._options, worker)
        self._fetcher = fetcher

    async def __aenter__(self) -> Self:
        # Word lists and the Chinese dictionary take 0.2 s to load, which the first document shall not wait for.
        for text in _WARM_UP:
            prepare(Source("", text.encode()), self._options)
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def prepare(self, event: DocumentSubmitted) -> PreparedDocument:
        """Return the event's document with chunks and keywords; fetch it first when it is given by `uri`.

        Raises:
            PermanentError: the document is not one that can be had or read; the type says why.
            FetchUnavailableError: it cannot be fetched now.
            ParserUnavailableError: no child process starts.

        """
        if event.uri is None:
            return await self.prepare_source(given(event))
        document = await self._fetched(event, event.uri, None)
        assert document is not None
        return document

    async def refresh(self, event: DocumentSubmitted, origin: Origin) -> PreparedDocument | None:
        """Return the event's document, or None when it is still what was made of it at an earlier fetch.

        Args:
            event: gives its document by `uri`.
            origin: of that earlier fetch.

        Raises:
            PermanentError, FetchUnavailableError, ParserUnavailableError: as for `prepare`.

        """
        assert event.uri is not None
        comparable = origin.key == key_of(event, self._options) and origin.validator.usable
        return await self._fetched(event, event.uri, origin.validator if comparable else None)

    async def _fetched(
        self, event: DocumentSubmitted, uri: str, validator: Validator | None
    ) -> PreparedDocument | None:
        if self._fetcher is None:
            msg = "expected the document as text or data, got a uri: fetching is not set up"
            raise UnsupportedUriError(msg)
        # The place is kept until the document is parsed: bytes that wait for a parser fill the memory as well.
        async with self._fetcher.fetched(uri, validator) as fetched:
            if fetched is None:
                return None
            document = await self.prepare_source(referred(event, fetched))
            return replace(document, origin=origin_of(event, fetched.validator, self._options))

    async def prepare_source(self, source: Source) -> PreparedDocument:
        """Return the document that the source holds.

        Raises:
            PermanentError: it is not one that can be read; the type says why.
            ParserUnavailableError: no child process starts.

        """
        if self._is_quick(source):
            with suppress(TooSlowError):
                return prepare(source, self._options, at_most(self._options.inline_seconds))
        return await self._pool.prepare(source)

    def _is_quick(self, source: Source) -> bool:
        """Return whether the source may be read on the event loop: a short text in UTF-8, of a format that is safe."""
        media_type = accept(source, self._options)
        if is_isolated(media_type) or len(source.content) > self._options.inline_limit:
            return False
        if media_type.name != PLAIN and not self._is_plain_enough(source.content):
            return False
        # Text in another charset may have to be guessed, which takes up to a tenth of a second.
        return source.charset is not None or _is_utf8(source.content)

    def _is_plain_enough(self, content: bytes) -> bool:
        """Return whether text with a structure is parsed in a few milliseconds, which nothing interrupts."""
        options = self._options
        return len(content) <= options.inline_markup_limit and content.count(b"\n") <= options.inline_lines


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
