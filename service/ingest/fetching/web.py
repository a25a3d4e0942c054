"""`https` and `http`: requests by aiohttp, each address and each redirect checked."""

import socket
import ssl
from concurrent.futures import Executor
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from service.documents import Validator
from service.errors import (
    DocgraphError,
    FetchForbiddenError,
    FetchNotFoundError,
    FetchRejectedError,
    FetchUnavailableError,
)
from service.ingest.fetching import uris
from service.ingest.fetching.addresses import Guard
from service.ingest.fetching.answers import check_status, conditions, confirms, disposition_name, last_modified
from service.ingest.fetching.bodies import check_size, collect
from service.ingest.fetching.fetched import Fetched
from service.ingest.fetching.options import FetchOptions
from service.ingest.fetching.resolver import GuardedResolver

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_PIECE = 64 * 1024
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class WebReader:
    """Reads from web servers. One session for all: connections are kept, cookies and proxies are not."""

    def __init__(self, options: FetchOptions, threads: Executor) -> None:
        self._options = options
        self._guard = Guard(options.allow)
        self._threads = threads

    async def __aenter__(self) -> Self:
        options = self._options
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=GuardedResolver(self._guard, self._threads),
                use_dns_cache=False,
                limit=options.concurrency,
                # Made here, so that SSL_CERT_FILE and SSL_CERT_DIR are read at the start.
                ssl=ssl.create_default_context(),
            ),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=options.connect_timeout, sock_read=options.idle_timeout
            ),
            auto_decompress=False,
            # Neither proxies, which would connect to any address for us, nor passwords from ~/.netrc.
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": options.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def read(self, uri: str, validator: Validator | None) -> Fetched | None:
        """Return what is at the address; None when the validator's content still is.

        Raises:
            PermanentError: there is nothing to have there; the type says why.
            FetchUnavailableError: not now.

        """
        try:
            return await self._follow(uri, validator)
        except DocgraphError:
            raise
        except aiohttp.ClientConnectorCertificateError as error:
            msg = f"expected {error.host} to show a certificate of a known authority, got another"
            raise FetchRejectedError(msg) from None
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, socket.gaierror) and error.os_error.errno in _NO_SUCH_NAME:
                msg = f"expected a server, but the DNS knows no host {error.host!r}"
                raise FetchNotFoundError(msg) from None
            msg = f"expected the DNS to know {error.host!r}, got {error.os_error.strerror}"
            raise FetchUnavailableError(msg) from None
        # Of some addresses that are none, yarl has an IndexError.
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL, ValueError, LookupError) as error:
            # Not its text, which shows the whole address.
            msg = f"expected {uris.shown(uri)} to answer in HTTP, got {type(error).__name__}"
            raise FetchRejectedError(msg) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            msg = f"expected {uris.shown(uri)} to be sent, got {_why(error)}"
            raise FetchUnavailableError(msg) from None

    async def _follow(self, uri: str, validator: Validator | None) -> Fetched | None:
        url = self._checked(uri)
        for _ in range(self._options.redirects + 1):
            # The address that a validator came from, and no other: equal ETags of two addresses mean nothing.
            location = uris.digest(uris.without_signature(str(url)))
            known = validator if validator is not None and validator.location == location else None
            async with self._session.get(url, allow_redirects=False, headers=conditions(known)) as response:
                if response.status in _REDIRECTS and (target := response.headers.get("Location")):
                    url = self._checked(str(url.join(URL(target))))
                elif response.status == _NOT_MODIFIED and known is not None:
                    if confirms(response.headers, known):
                        return None
                    validator = None  # it says that another content has not changed, so the content is asked for
                else:
                    return await self._answer(response, uri, location)
        msg = f"expected at most {self._options.redirects} redirects from {uris.shown(uri)}, got more"
        raise FetchRejectedError(msg)

    def _checked(self, uri: str) -> URL:
        """Return an address that may be asked; a redirect's as well as the first one."""
        url = URL(uri)
        if url.scheme not in {"http", "https"} or url.scheme not in self._options.schemes:
            allowed = " or ".join(scheme for scheme in ("https", "http") if scheme in self._options.schemes)
            msg = f"expected an address with {allowed or 'no web scheme'}, got a redirect to {url.scheme[:20]!r}"
            raise FetchForbiddenError(msg)
        if url.user is not None or url.password is not None:
            msg = "expected an address without user and password, got one with them; use a signed URL"
            raise FetchForbiddenError(msg)
        if not url.raw_host:
            msg = "expected an address with a host, got one without"
            raise FetchRejectedError(msg)
        if url.port not in self._options.ports:
            ports = ", ".join(map(str, self._options.ports))
            msg = f"expected one of the ports {ports}, got {url.port}; others are allowed by DOCGRAPH_FETCH_PORTS"
            raise FetchForbiddenError(msg)
        self._guard.check_literal(url.raw_host)
        return url

    async def _answer(self, response: aiohttp.ClientResponse, uri: str, location: str) -> Fetched:
        check_status(response.status, uris.shown(uri))
        limit = self._options.max_bytes
        check_size(response.content_length, limit)
        content = await collect(response.content.iter_chunked(_PIECE), response.headers.get("Content-Encoding"), limit)
        return Fetched(
            content,
            Validator(uris.sane(response.headers.get("ETag")), last_modified(response.headers), location),
            media_type=uris.sane(response.headers.get("Content-Type")),
            name=uris.best_name(
                (
                    disposition_name(uris.sane(response.headers.get("Content-Disposition"))),
                    uris.name_in(response.url.raw_path),
                    uris.name_in(URL(uri).raw_path),
                )
            ),
        )


def _why(error: Exception) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
