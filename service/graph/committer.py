"""Group commit: what is in flight shares a transaction.

Natural batching: no timer. When nothing is being written a change is committed at once; what arrives meanwhile waits
and goes together. So a batch is as large as the load makes it, and a quiet service answers without delay.

A graph that is away is not the documents' fault: their changes are held until it answers again, and as messages that
are held fill the prefetch, consumption pauses by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from service.errors import GraphUnavailableError
from service.graph.changes import Answer, Change

log = structlog.get_logger(__name__)

Write = Callable[[Sequence[Change]], Awaitable[list[Answer]]]
Probe = Callable[[], Awaitable[None]]

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
"""Seconds between two looks at a graph that is away."""


def _time() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True, eq=False)
class _Waiting:
    change: Change
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    since: float = field(default_factory=_time)
    tried_alone: bool = False


class Committer:
    """Coalesces changes into batches for `write`.

    A change whose document is being written waits for the next batch: two transactions of one process never queue at
    the same lock. A batch that is refused is halved down to the culprit, and only that one fails.
    """

    def __init__(self, write: Write, probe: Probe, *, batch_size: int, transactions: int, hold: float) -> None:
        """Make a committer; use it inside one event loop.

        Args:
            write: commits a batch in one transaction, all or nothing.
            probe: raises `GraphUnavailableError` when the graph does not take writes.
            batch_size: most changes in a batch.
            transactions: batches at a time.
            hold: seconds that a change may wait for a graph that is away.

        """
        self._write = write
        self._probe = probe
        self._batch_size = batch_size
        self._transactions = transactions
        self._hold = hold
        self._waiting: deque[_Waiting] = deque()
        self._busy: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._recovery: asyncio.Task[None] | None = None
        self._scheduled = False
        self._abandoned = False
        self._problem_now: GraphUnavailableError | None = None

    @property
    def waiting(self) -> int:
        """Changes that are not yet in a transaction."""
        return len(self._waiting)

    @property
    def holding(self) -> bool:
        """Whether changes are held because the graph is away."""
        return self._recovery is not None

    @property
    def problem(self) -> str | None:
        """Why changes are held; None while they are not."""
        return str(self._problem_now) if self._problem_now else None

    async def commit(self, change: Change) -> Answer:
        """Return what the change did, once it is committed.

        Cancelling takes a change back that waits; one that is being written is written to the end. Whoever comes after
        `abandon` is cancelled.

        Raises:
            GraphUnavailableError: Neo4j was away for longer than changes are held, or fails at this change alone;
                whether it committed is unknown, a repeat is harmless.
            GraphRejectedError: Neo4j refuses this change; nothing of it is in the graph.

        """
        if self._abandoned:
            raise asyncio.CancelledError
        item = _Waiting(change)
        self._waiting.append(item)
        self._schedule()
        return await item.answer

    def abandon(self) -> None:
        """Give back what is not committed, for good: whoever waits is cancelled, transactions are cut off."""
        self._abandoned = True
        tasks = [*self._running, *([self._recovery] if self._recovery else [])]
        for task in tasks:
            task.cancel()
        while self._waiting:
            self._waiting.popleft().answer.cancel()

    async def drain(self) -> None:
        """Wait until nothing is being written."""
        while tasks := {*self._running, *([self._recovery] if self._recovery else [])}:
            await asyncio.wait(tasks)

    def _schedule(self) -> None:
        # Not at once: handlers that became runnable in the same turn of the loop belong in the same batch.
        if not self._scheduled and self._may_start():
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start)

    def _may_start(self) -> bool:
        return not self._abandoned and not self.holding and len(self._running) < self._transactions

    def _start(self) -> None:
        self._scheduled = False
        if self._may_start() and (batch := self._take()):
            self._busy |= {item.change.document_id for item in batch}
            task = asyncio.create_task(self._settle(batch))
            self._running.add(task)
            task.add_done_callback(lambda done: self._finish(done, batch))
            if self._waiting:
                self._schedule()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        held: list[_Waiting] = []
        while self._waiting and len(batch) < self._batch_size:
            item = self._waiting.popleft()
            if item.answer.done():  # cancelled while it waited
                continue
            (held if item.change.document_id in self._busy else batch).append(item)
        self._waiting.extendleft(reversed(held))
        return batch

    def _finish(self, task: asyncio.Task[None], batch: list[_Waiting]) -> None:
        self._running.discard(task)
        self._busy -= {item.change.document_id for item in batch}
        # Whatever ended it: nobody waits for ever.
        for item in batch:
            if self._abandoned:
                item.answer.cancel()
            elif task.cancelled():
                _fail(item, GraphUnavailableError("expected to write to the end, but was cut off"))
            elif (error := task.exception()) is not None:
                _fail(item, error)
        if self._waiting:
            self._schedule()

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._write([item.change for item in batch])
        except GraphUnavailableError as error:
            await self._settle_unavailable(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the culprit's alone
            if len(batch) == 1:
                _fail(batch[0], error)
            else:
                await self._halve(batch)
        else:
            for item, answer in zip(batch, answers, strict=True):
                if not item.answer.done():
                    item.answer.set_result(answer)

    async def _settle_unavailable(self, batch: list[_Waiting], error: GraphUnavailableError) -> None:
        if (problem := await self._problem()) is not None:
            self._waiting.extendleft(item for item in reversed(batch) if not item.answer.done())
            self._start_recovery(problem)
        elif len(batch) > 1:
            # The graph takes writes, so it fails at something in this batch, or was away for a moment only.
            await self._halve(batch)
        elif not batch[0].tried_alone:
            batch[0].tried_alone = True
            await self._settle(batch)
        else:
            _fail(batch[0], error)

    async def _halve(self, batch: list[_Waiting]) -> None:
        middle = len(batch) // 2
        await self._settle(batch[:middle])
        await self._settle(batch[middle:])

    async def _problem(self) -> GraphUnavailableError | None:
        try:
            await self._probe()
        except GraphUnavailableError as error:
            self._problem_now = error
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows then that the graph takes writes
            self._problem_now = GraphUnavailableError(f"expected Neo4j to take a write, got {error!r}")
        else:
            self._problem_now = None
        return self._problem_now

    def _start_recovery(self, problem: GraphUnavailableError) -> None:
        if self._recovery is None:
            log.warning("graph is away; messages are held", problem=str(problem)[:500], hold_seconds=self._hold)
            self._recovery = asyncio.create_task(self._recover())
            self._recovery.add_done_callback(self._end_recovery)

    def _end_recovery(self, _: asyncio.Task[None]) -> None:
        self._recovery = None
        self._schedule()

    async def _recover(self) -> None:
        began, pause = _time(), FIRST_PAUSE
        while (problem := await self._problem()) is not None:
            self._expire(problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        log.info("graph is back", held=len(self._waiting), seconds=round(_time() - began, 1))

    def _expire(self, problem: GraphUnavailableError) -> None:
        """Give up what was held for too long: it goes to the retry tiers. Forget what nobody waits for any more."""
        oldest = _time() - self._hold
        for item in self._waiting:
            if item.since < oldest:
                _fail(item, problem)
        self._waiting = deque(item for item in self._waiting if not item.answer.done())


def _fail(item: _Waiting, error: BaseException) -> None:
    if not item.answer.done():
        item.answer.set_exception(error)
