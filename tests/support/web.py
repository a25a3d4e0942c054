"""Web servers for fetching: one that behaves, page by page, and one that sends whatever bytes a test wants."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from service.ingest.fetching.fetcher import Fetcher
from service.ingest.fetching.options import FetchOptions

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """Serves `pages`, by path, and keeps the requests."""

    def __init__(self) -> None:
        self.pages: dict[str, Handler] = {}
        self.requests: list[web.Request] = []
        self.port = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes | str = b"", *, status: int = 200, **headers: str) -> str:
        """Serve a page; header names are given with underscores. A `str` body is text, as UTF-8."""
        content = body.encode() if isinstance(body, str) else body
        sent = {name.replace("_", "-"): value for name, value in headers.items()}

        async def serve(request: web.Request) -> web.Response:
            if status == 200 and sent.get("ETag") and request.headers.get("If-None-Match") == sent["ETag"]:
                return web.Response(status=304, headers={"ETag": sent["ETag"]})
            if status == 200 and sent.get("Last-Modified", "") == request.headers.get("If-Modified-Since", "-"):
                return web.Response(status=304)
            return web.Response(status=status, body=content, headers=sent)

        self.pages[path] = serve
        return self.url(path)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        return self.page(path, status=status, Location=target)

    @property
    def paths(self) -> list[str]:
        return [request.path_qs for request in self.requests]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        page = self.pages.get(request.path)
        return await page(request) if page else web.Response(status=404)


@asynccontextmanager
async def a_site(host: str = "127.0.0.1", port: int = 0, ssl_context=None):
    site = Site()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{path:.*}", site.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, host, port, ssl_context=ssl_context)
        await listener.start()
        site.port = runner.addresses[0][1]
        yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_raw_server(*pieces: bytes, endless: bytes = b"", pause: float = 0.0, hang: bool = False):
    """Answer each connection with these bytes, then with `endless` ones, then hang or hang up. Yields the port."""
    tasks: set[asyncio.Task] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        # Cancelled at the end of the test, which asyncio's own callback would report as an error.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while endless:
                writer.write(endless)
                await writer.drain()
                await asyncio.sleep(pause)
            if hang:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def options(*ports: int, **fields) -> FetchOptions:
    """Options under which the servers of a test may be fetched from."""
    values = {
        "schemes": ("https", "http"),
        "allow": ("127.0.0.1",),
        "ports": ports,
        "max_bytes": 1 << 20,
        "timeout": 20.0,
        "concurrency": 4,
    }
    return FetchOptions(**(values | fields))


async def fetch(uri: str, given: FetchOptions, validator=None):
    """Fetch once, with a fetcher of its own."""
    async with Fetcher(given) as fetcher, fetcher.fetched(uri, validator) as fetched:
        return fetched
