"""Celery's Redis result backend, as a worker writes it: the result under a key, and a message for who waits."""

import asyncio
import importlib
from types import TracebackType
from typing import Any, Self

from service.errors import StartupError, TransientError

KEY = "celery-task-meta-"
CONNECTIONS = 8
TIMEOUT = 5.0
"""Seconds for Redis to take a result."""


class ResultBackendUnavailableError(TransientError):
    """Redis did not take a result."""


class RedisResults:
    """Use it as an async context manager. It connects when it is first needed, and again whenever that is necessary."""

    def __init__(self, url: str, *, expires: float) -> None:
        """Make a writer of results.

        Args:
            url: of Redis.
            expires: seconds that a result is kept.

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

    async def store(self, task_id: str, body: bytes) -> None:
        """Write a result. It is not held here while Redis is away: what waits here keeps other tasks from being taken.

        Raises:
            ResultBackendUnavailableError: Redis did not take it.

        """
        try:
            # The wait for one of the connections included: behind a frozen Redis it would have no end.
            async with asyncio.timeout(TIMEOUT):
                await self._write(KEY + task_id, body)
        except self._away as error:
            why = str(error) or f"no answer within {TIMEOUT:g} s"
            msg = f"expected Redis at DOCGRAPH_CELERY_RESULT_URL to take a result, got {why}"
            raise ResultBackendUnavailableError(msg) from error

    async def _write(self, key: str, body: bytes) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.set(key, body, ex=self._expires)
            pipe.publish(key, body)
            await pipe.execute()
