"""`s3`, `gs` and `az`: object stores by obstore, with the credentials of its usual environment variables."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from obstore.exceptions import (
    BaseError,
    GenericError,
    NotFoundError,
    NotModifiedError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from service.documents import Validator
from service.errors import (
    FetchForbiddenError,
    FetchNotFoundError,
    FetchRejectedError,
    FetchUnavailableError,
    UnsupportedUriError,
)
from service.ingest.fetching import uris
from service.ingest.fetching.answers import disposition_name
from service.ingest.fetching.bodies import check_size, collect
from service.ingest.fetching.fetched import Fetched
from service.ingest.fetching.options import FetchOptions

if TYPE_CHECKING:  # names that obstore has for type checkers only
    from obstore import GetResult
    from obstore.store import ClientConfig, RetryConfig

Store = S3Store | GCSStore | AzureStore

_PIECE = 256 * 1024
_MOST_STORES = 64
_LAST_CALLBACKS = 0.1
# A bucket's name becomes part of an address: nothing else than a name may.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")


class StoreReader:
    """Reads objects. A store is opened at the first object of its bucket, and kept."""

    def __init__(self, options: FetchOptions) -> None:
        self._options = options
        self._stores: OrderedDict[tuple[str, str], Store] = OrderedDict()
        self._used = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stores.clear()
        if self._used:
            # obstore's own threads call back into Python for a moment after a request has ended. When the interpreter
            # ends in that moment the process is aborted, and a clean stop would exit with 134.
            await asyncio.sleep(_LAST_CALLBACKS)

    async def read(self, uri: str, validator: Validator | None) -> Fetched | None:
        """Return the object; None when it still has the validator's ETag.

        Raises:
            PermanentError: there is nothing to have there; the type says why.
            FetchUnavailableError: not now.

        """
        scheme, bucket, key = self._parts(uri)
        location = uris.digest(f"{scheme}://{bucket}/{key}")
        known = validator.etag if validator is not None and validator.location == location else None
        store = self._store(scheme, bucket)
        self._used = True
        try:
            result = await store.get_async(key, options={"if_none_match": known} if known else None)
            check_size(result.meta["size"], self._options.max_bytes)
            attributes = {str(name).lower(): value for name, value in result.attributes.items()}
            content = await collect(_pieces(result), attributes.get("content-encoding"), self._options.max_bytes)
        except NotModifiedError:
            return None
        except (FileNotFoundError, NotFoundError):
            msg = "expected an object at the uri, but there is no such bucket or key"
            raise FetchNotFoundError(msg) from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            msg = f"expected the store to let the service read the object, got {_first_line(error)}"
            raise FetchForbiddenError(msg) from None
        except GenericError as error:
            # Timeouts, lost connections and the store's own errors; what they have in common is no type of their own.
            msg = f"expected the store to send the object, got {_first_line(error)}"
            raise FetchUnavailableError(msg) from None
        except (BaseError, ValueError) as error:
            msg = f"expected the key of an object, got {_first_line(error)}"
            raise FetchRejectedError(msg) from None
        etag, media_type = uris.sane(result.meta["e_tag"]), uris.sane(attributes.get("content-type"))
        name = uris.best_name((disposition_name(attributes.get("content-disposition")), _name(key)))
        return Fetched(content, Validator(etag, None, location), media_type, name)

    def _parts(self, uri: str) -> tuple[str, str, str]:
        # The key is taken as it stands, as the stores' own tools do: it may hold `?`, `#`, `%` and spaces.
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if not _BUCKET.fullmatch(bucket) or not key:
            msg = f"expected a URI such as {scheme}://bucket/key, got another form"
            raise FetchRejectedError(msg)
        if self._options.buckets and bucket not in self._options.buckets:
            msg = f"expected one of the buckets of DOCGRAPH_FETCH_BUCKETS, got {bucket!r}"
            raise FetchForbiddenError(msg)
        return scheme.lower(), bucket, key

    def _store(self, scheme: str, bucket: str) -> Store:
        if store := self._stores.get((scheme, bucket)):
            self._stores.move_to_end((scheme, bucket))
            return store
        try:
            store = self._opened(scheme, bucket)
        except (BaseError, ValueError) as error:
            msg = f"expected the environment to say how to reach {scheme}://, got {_first_line(error)}"
            raise UnsupportedUriError(msg) from None
        self._stores[scheme, bucket] = store
        if len(self._stores) > _MOST_STORES:
            self._stores.popitem(last=False)
        return store

    def _opened(self, scheme: str, bucket: str) -> Store:
        options = self._options
        endpoint = options.endpoints.get(scheme)
        client: ClientConfig = {
            "timeout": timedelta(seconds=options.timeout),
            "connect_timeout": timedelta(seconds=options.connect_timeout),
            "read_timeout": timedelta(seconds=options.idle_timeout),
            "user_agent": options.user_agent,
        }
        if endpoint and endpoint.lower().startswith("http://"):
            client["allow_http"] = True
        # One quick repeat for a connection that the store had closed; patience is the retry tiers' part.
        retry: RetryConfig = {"max_retries": 1, "retry_timeout": timedelta(seconds=options.timeout)}
        common: dict[str, Any] = {"client_options": client, "retry_config": retry}
        if scheme == "s3":
            return S3Store(bucket, config={"endpoint": endpoint} if endpoint else None, **common)
        if scheme == "gs":
            return GCSStore(bucket, config={"base_url": endpoint} if endpoint else None, **common)
        return AzureStore(bucket, config={"endpoint": endpoint} if endpoint else None, **common)


async def _pieces(result: "GetResult") -> AsyncIterator[bytes]:
    async for piece in result.stream(min_chunk_size=_PIECE):
        yield bytes(piece)


def _name(key: str) -> str | None:
    return uris.safe_name(key.rpartition("/")[2])


def _first_line(error: Exception) -> str:
    """Return what obstore says, without its dump of the request and without queries, which sign addresses."""
    return re.sub(r"\?\S+", "", str(error).partition("\n")[0])[:500]
