"""Celery's Redis result backend, as a worker writes it: the result under a key, and a message for who waits."""

import asyncio
import importlib
from types import TracebackType
from typing import Any, Self

from service.errors import StartupError, TransientError

KEY = "celery-task-meta-"
CONNECTIONS = 8
TIMEOUT = 5.0
"""Seconds for one answer of Redis."""
LONGEST_PAUSE = 5.0


class ResultBackendUnavailableError(TransientError):
    """Redis did not take a result. The task is tried again, and answered from the graph."""


class RedisResults:
    """Use it as an async context manager. It connects when it is first needed, and again whenever that is necessary."""

    def __init__(self, url: str, *, expires: float, hold: float) -> None:
        """Make a writer of results.

        Args:
            url: of Redis.
            expires: seconds that a result is kept.
            hold: seconds to try for, while Redis is away.

        Raises:
            StartupError: the package `redis` is missing.

        """
        try:
            self._redis: Any = importlib.import_module("redis.asyncio")
        except ImportError:
            msg = "DOCGRAPH_CELERY_RESULT_URL: expected the package redis, found none; install docgraph[celery]"
            raise StartupError(msg) from None
        self._away = importlib.import_module("redis.exceptions").RedisError, OSError, TimeoutError
        self._url = url
        self._expires = max(round(expires), 1)
        self._hold = hold

    async def __aenter__(self) -> Self:
        # A pool that waits: a burst of results needs no burst of connections.
        pool = self._redis.BlockingConnectionPool.from_url(
            self._url, max_connections=CONNECTIONS, timeout=None, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
        self._client = self._redis.Redis(connection_pool=pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose(close_connection_pool=True)

    async def store(self, task_id: str, body: bytes, *, final: bool) -> None:
        """Write a result; while Redis is away, a final one is held and tried again.

        Raises:
            ResultBackendUnavailableError: Redis stayed away.

        """
        pause = 0.1
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._hold if final else 0)
        while True:
            try:
                await self._write(KEY + task_id, body)
            except self._away as error:
                if loop.time() + pause > until:
                    msg = f"expected Redis at DOCGRAPH_CELERY_RESULT_URL to take a result, got {error}"
                    raise ResultBackendUnavailableError(msg) from error
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _write(self, key: str, body: bytes) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.set(key, body, ex=self._expires)
            pipe.publish(key, body)
            await pipe.execute()
