"""A start that either succeeds or ends the process: never a live process without a consumer.

FastStream's `AsgiFastStream` reports that it has started before its broker has. Here the broker's start is awaited, and
a failure is one line in the log, that names the setting to look at, and a non-zero exit.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from faststream.asgi import AsgiFastStream

from service.errors import StartupError

log = structlog.get_logger("service")

_PR_SET_PDEATHSIG = 1


class StrictAsgiFastStream(AsgiFastStream):
    """Relies on `_startup`, `_shutdown` and `lifespan` of the pinned FastStream; tests keep watch."""

    @asynccontextmanager
    async def start_lifespan_context(
        self, run_extra_options: dict[str, Any] | None = None
    ) -> AsyncGenerator[None, None]:
        """Enter the lifespan and start the broker, both to the end, before the server takes requests."""
        options = run_extra_options or self._run_extra_options
        async with self.lifespan_context(**options):
            try:
                await self._startup(self._log_level, options)
            except BaseException:
                await self.stop()
                raise
            try:
                yield
            finally:
                await self._shutdown(self._log_level)

    async def lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the ASGI lifespan; a start-up error is told in one line and without a traceback."""
        if worker := multiprocessing.parent_process() is not None:
            _end_with_supervisor()
        told = False

        async def tell(message: Any) -> None:
            nonlocal told
            if message["type"] == "lifespan.startup.failed":
                message = message | {"message": ""}
                told = True
            await send(message)

        try:
            await super().lifespan(scope, receive, tell)
        except StartupError as error:
            log.critical("cannot start", problem=str(error))
            if worker:
                _end_supervisor()
        except BaseException:
            if told:
                log.critical("cannot start", exc_info=True)
                if worker:
                    _end_supervisor()
            raise


def _end_with_supervisor() -> None:
    """Let a worker be told to stop when its supervisor dies: nothing would watch it any more."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_supervisor() -> None:
    """End the supervisor of `--workers N`, so that its exit code tells.

    uvicorn's stops by itself when a worker cannot start, but reports success. It handles the usual signals, so this is
    one that it does not handle. As process 1 of a container it cannot be ended so, and stops with 0.
    """
    os.kill(os.getppid(), signal.SIGALRM)
