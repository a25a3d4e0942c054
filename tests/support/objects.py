"""A small object store that speaks as much of S3 as obstore needs to read: path style, ETags, conditions, errors."""

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


@dataclass
class Objects:
    """Objects by `bucket/key`."""

    port: int = 0
    bodies: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    trouble: list[int] = field(default_factory=list)
    """Statuses to answer the next requests with."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, body: bytes, **headers: str) -> str:
        self.bodies[path] = body, {name.replace("_", "-"): value for name, value in headers.items()}
        return f"s3://{path}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.trouble:
            return _error(self.trouble.pop(0), "Trouble")
        path = request.match_info["path"]
        if path not in self.bodies:
            return _error(404, "NoSuchKey")
        body, headers = self.bodies[path]
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, headers={"ETag": etag, "Last-Modified": LONG_AGO, **headers})


def _error(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=f"<Error><Code>{code}</Code></Error>", content_type="application/xml")


@asynccontextmanager
async def an_object_store():
    objects = Objects()
    application = web.Application()
    application.router.add_get("/{path:.+}", objects.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        objects.port = runner.addresses[0][1]
        yield objects
    finally:
        await runner.cleanup()
