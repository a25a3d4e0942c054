"""The event loop behind the synchronous face: one per process, in a daemon thread, started by the first call.

After a fork the child has none of it: no thread, and none of the parent's sockets. At exit clients are closed, the loop
is stopped and the thread is joined.
"""

import asyncio
import atexit
import os
import selectors
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from service.client.errors import ClientClosedError, WrongLoopError

T = TypeVar("T")

STOPS_WITHIN = 10.0
"""Seconds for the loop to end at exit."""


class Closable(Protocol):
    """What is closed before the loop ends."""

    async def aclose(self, timeout: float = ...) -> None:
        """Close it."""


class BackgroundLoop:
    """A running event loop and its thread."""

    def __init__(self) -> None:
        # Its own selector, whose file descriptors a forked child can find; uvloop and its like have no such thing.
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._names = ThreadPoolExecutor(2, "docgraph-client-names")  # asyncio looks up host names in threads
        self._loop.set_default_executor(self._names)
        self.open: set[Closable] = set()
        """Clients to close when the process ends; the last one to be closed earlier ends the loop."""
        self._ending = False
        self._beginning = threading.RLock()  # a signal's handler may call the client, too
        """Held while work is handed over: what comes before the loop ends is run or cancelled, the rest is refused."""
        self._thread = threading.Thread(target=self._run, name="docgraph-client", daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine in the loop, from any other thread. Take its result by `result_of`."""
        if threading.current_thread() is self._thread:
            work.close()
            msg = "expected a call from another thread than the client's own; its callbacks must not call the client"
            raise WrongLoopError(msg)
        with self._beginning:
            if not self._ending:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        raise _closed()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for its result."""
        return result_of(self.begin(work))

    def stop(self) -> None:
        """Close the clients, end the loop and its thread."""
        for client in list(self.open):
            self.call(client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOPS_WITHIN)

    def abandon(self) -> None:
        """Forget the loop in a forked child, where its thread does not run.

        Its descriptors are the parent's, too: each is pointed at nothing, so that the child can neither read what is
        the parent's, nor keep a connection alive that the parent has closed. Nothing is unregistered, as parent and
        child share the kernel's list of what the selector watches.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in [*self._selector.get_map(), getattr(self._selector, "fileno", lambda: nothing)()]:
            if isinstance(descriptor, int) and descriptor != nothing:
                os.dup2(nothing, descriptor, inheritable=False)
        os.close(nothing)

    def _run(self) -> None:
        # Not asyncio.Runner: its end starts a thread, which Python 3.12 and later refuse while the process ends.
        try:
            self._loop.run_forever()
        finally:
            with self._beginning:
                self._ending = True
            self._loop.run_until_complete(_finish())
            self._names.shutdown()
            self._loop.close()


async def _finish() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def result_of(future: Future[T]) -> T:
    """Wait for a coroutine in the loop. `KeyboardInterrupt`, or whatever else ends the wait, cancels it."""
    try:
        return future.result()
    except BaseException:
        if future.cancelled():
            raise _closed() from None
        future.cancel()
        raise


def _closed() -> ClientClosedError:
    return ClientClosedError("expected an open client, but it was closed, or its process is ending")


class _Process:
    """What this process has: at most one loop."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.opening = threading.Lock()
        self.loop: BackgroundLoop | None = None
        self.ending = False


_process = _Process()
_inherited: list[object] = []
"""What belongs to a parent process. Kept, as its end is not ours to clean up."""


def opening() -> threading.Lock:
    """Return the lock for opening and closing clients. A forked child has its own: the parent's may be held."""
    return _process.opening


def opened(client: Closable) -> BackgroundLoop:
    """Return this process's loop, started if it is not, for a client that is closed by `closed` or with the process.

    Raises:
        ClientClosedError: the process is ending.

    """
    with _process.lock:
        if _process.ending:
            raise _closed()
        if _process.loop is None:
            _process.loop = BackgroundLoop()
        _process.loop.open.add(client)
        return _process.loop


def closed(loop: BackgroundLoop, client: Closable) -> None:
    """End the loop with its last client."""
    with _process.lock:
        loop.open.discard(client)
        if loop.open or loop is not _process.loop:
            return
        _process.loop = None
    loop.stop()


def is_ours(loop: BackgroundLoop) -> bool:
    """Return whether a loop runs in this process."""
    return loop is _process.loop


def leave_to_parent(what: object) -> None:
    """Keep what was opened before the fork from being closed here."""
    _inherited.append(what)


def _begin_child() -> None:
    global _process  # noqa: PLW0603 - the one thing per process
    if _process.loop is not None:
        _process.loop.abandon()
        _inherited.append(_process.loop)
    _process = _Process()


def _end() -> None:
    with _process.lock:
        _process.ending = True
        loop, _process.loop = _process.loop, None
    if loop is not None:
        loop.stop()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
