"""How a process starts and stops.

A start either succeeds or ends the process: FastStream's `AsgiFastStream` reports that it has started before its broker
has, here the broker's start is awaited. A failure is one line in the log, that names the setting to look at, and a
non-zero exit code.

A first SIGTERM finishes what is in flight within the grace and exits with 0. A second one, or the end of the grace,
requeues the rest and exits with 1. While the process starts, the first one is enough.
"""

import asyncio
import ctypes
import inspect
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn
from faststream.asgi import AsgiFastStream
from faststream.asgi.app import cast_uvicorn_params

from service.background import at_most, in_background
from service.delivery.consumers import is_blocked
from service.errors import StartupError

log = structlog.get_logger("service")

PATIENCE = 4.0
"""Seconds that RabbitMQ has to answer at the end, for each of three steps; the rest is left to its heartbeat."""
READ_WITHIN = 2
"""Whole seconds that HTTP clients have at the end to read their answers. The drain begins only afterwards, and uvicorn
by itself would wait for them without end."""

_PR_SET_PDEATHSIG = 1

Watch = Callable[[Callable[[str], None]], Coroutine[Any, Any, None]]
"""Watches a process for ever; calls what it is given with a problem that only a restart mends."""


class StrictAsgiFastStream(AsgiFastStream):
    """Relies on `_startup`, `_shutdown`, `lifespan` and `run` of the pinned FastStream; tests keep watch."""

    exit_code = 0
    _begun = False
    _starting: asyncio.Task[Any] | None = None
    _interrupted = False
    _hurried: asyncio.Task[None] | None = None

    def __init__(self, *brokers: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*brokers, **options)
        self._watch = watch

    async def run(self, log_level: int = logging.INFO, run_extra_options: dict[str, Any] | None = None) -> None:
        """Serve until a signal; the exit code tells whether all was finished."""
        self._log_level = log_level
        self._run_extra_options = cast_uvicorn_params(run_extra_options or {})
        known = inspect.signature(uvicorn.Config).parameters.keys()
        given = {name: value for name, value in self._run_extra_options.items() if name in known}
        options = {**given, "timeout_graceful_shutdown": READ_WITHIN}
        config = uvicorn.Config(app=self, log_level=log_level, **options)  # type: ignore[arg-type]
        try:
            await _Server(config, self).serve()
        except SystemExit:
            if not self._interrupted:
                raise
        if self.exit_code:
            sys.exit(self.exit_code)

    def interrupt(self) -> bool:
        """Give up starting; return whether there was a start to give up."""
        if self._starting is not None:
            self._starting.cancel()
        elif self._begun:
            return False
        self._interrupted = True
        return True

    def hurry(self) -> None:
        """Stop at once: give up starting, or give back what is in flight."""
        if not self.interrupt() and self._hurried is None:
            self._hurried = asyncio.create_task(self._give_back("a second signal came"))

    def fail(self, problem: str) -> None:
        """Stop in order, with a non-zero exit code: whatever runs the process will start it again."""
        log.critical("cannot go on", problem=problem)
        self.exit_code = 1
        os.kill(os.getpid(), signal.SIGTERM)

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
                # Not during the drain: a subscriber that stops in order looks deaf.
                async with in_background("watch", self._watch(self.fail)):
                    yield
            finally:
                await self._drain()

    async def lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the ASGI lifespan, unless a signal came before it."""
        self._begun = True
        if self._interrupted:
            log.info("stopped before starting")
            return
        await self._lifespan(scope, receive, send)

    async def _lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        """Run it; a start-up error is told in one line and without a traceback."""
        if worker := multiprocessing.parent_process() is not None:
            _end_with_supervisor()
        failed = False
        self._starting = asyncio.current_task()

        async def tell(message: Any) -> None:
            nonlocal failed
            self._starting = None
            if message["type"] == "lifespan.startup.failed":
                message = message | {"message": ""}
                failed = True
            await send(message)

        try:
            await super().lifespan(scope, receive, tell)
        except StartupError as error:
            log.critical("cannot start", problem=str(error))
            if worker:
                _end_supervisor()
        except BaseException:
            if self._interrupted:
                log.info("stopped while starting")
                return
            if failed:
                log.critical("cannot start", exc_info=True)
                if worker:
                    _end_supervisor()
            raise

    async def _drain(self) -> None:
        began = time.monotonic()
        (broker,) = self.brokers
        grace = broker.config.graceful_timeout or 0.0
        if self.context.get("committer").holding:
            await self._give_back("the graph is away, so nothing in flight can be finished")
        elif is_blocked(broker):
            await self._give_back("RabbitMQ has a memory or disk alarm, so nothing in flight can be answered")
        finished = await self._finish(grace)
        seconds = time.monotonic() - began
        if self._hurried is None and (seconds >= grace or not finished):
            self.exit_code = 1
            log.warning("the grace has ended; the rest is requeued", grace_seconds=grace)
        log.info("stopped", seconds=round(seconds, 1))

    async def _finish(self, grace: float) -> bool:
        """Finish what is in flight; return whether that was done within the grace."""
        bridge = self.context.get("bridge")
        both = asyncio.gather(bridge.stop(grace) if bridge is not None else _nothing(), self._shutdown(self._log_level))
        try:
            # FastStream waits without end for RabbitMQ to confirm that it consumes no more.
            done, _ = await asyncio.wait({both}, timeout=grace + PATIENCE)
            if done:
                finished: bool = both.result()[0]
                return finished
            # Before the wait is cancelled: a connection that is closed ends it in order.
            await self._give_back("RabbitMQ does not answer")
            return False
        finally:
            both.cancel()

    async def _give_back(self, why: str) -> None:
        """Let the broker requeue what is in flight: a closed connection cancels its handlers."""
        log.warning("what is in flight is requeued", reason=why)
        self.exit_code = 1
        self.context.get("committer").abandon()
        await at_most(PATIENCE, self._close_connections())

    async def _close_connections(self) -> None:
        if (bridge := self.context.get("bridge")) is not None:
            await bridge.close()
        (broker,) = self.brokers
        if (connection := broker._connection) is not None:  # noqa: SLF001 - no public name
            await connection.close()


class _Server(uvicorn.Server):
    """Tells the app of signals, and leaves the exit code to it."""

    def __init__(self, config: uvicorn.Config, app: StrictAsgiFastStream) -> None:
        super().__init__(config)
        self._app = app
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self._loop.call_soon_threadsafe(self._app.hurry)
        elif not self.started:
            # It may have come up to the moment in which the app has started and the server does not listen yet: then
            # there is nothing to give up, and uvicorn goes on to the drain.
            self._loop.call_soon_threadsafe(self._app.interrupt)
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            # uvicorn would raise the signal again: a process that has stopped in order exits with 0.
            self._captured_signals.clear()


async def _nothing() -> bool:
    return True


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
