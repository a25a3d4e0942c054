"""Group commit: what is in flight shares a transaction.

Natural batching: no timer. When nothing is being written a change is committed at once; what arrives meanwhile waits
and goes together. So a batch is as large as the load makes it, and a quiet service answers without delay.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from service.errors import GraphUnavailableError
from service.graph.changes import Answer, Change

Write = Callable[[Sequence[Change]], Awaitable[list[Answer]]]


@dataclass(slots=True, eq=False)
class _Waiting:
    change: Change
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Committer:
    """Coalesces changes into batches for `write`.

    A change whose document is being written waits for the next batch: two transactions of one process never queue at
    the same lock. A batch that is refused is halved down to the culprit, and only that one fails.
    """

    def __init__(self, write: Write, *, batch_size: int, transactions: int) -> None:
        """Make a committer; use it inside one event loop.

        Args:
            write: commits a batch in one transaction, all or nothing.
            batch_size: most changes in a batch.
            transactions: batches at a time.

        """
        self._write = write
        self._batch_size = batch_size
        self._transactions = transactions
        self._waiting: deque[_Waiting] = deque()
        self._busy: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._scheduled = False

    @property
    def waiting(self) -> int:
        """Changes that are not yet in a transaction."""
        return len(self._waiting)

    async def commit(self, change: Change) -> Answer:
        """Return what the change did, once it is committed.

        Cancelling takes a change back that waits; one that is being written is written to the end.

        Raises:
            GraphUnavailableError: Neo4j is away; whether it committed is unknown, a repeat is harmless.
            GraphRejectedError: Neo4j refuses this change; nothing of it is in the graph.

        """
        item = _Waiting(change)
        self._waiting.append(item)
        self._schedule()
        return await item.answer

    async def drain(self) -> None:
        """Wait until nothing is being written."""
        while self._running:
            await asyncio.wait(self._running)

    def _schedule(self) -> None:
        # Not at once: handlers that became runnable in the same turn of the loop belong in the same batch.
        if not self._scheduled and len(self._running) < self._transactions:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._scheduled = False
        if len(self._running) < self._transactions and (batch := self._take()):
            documents = {item.change.document_id for item in batch}
            self._busy |= documents
            task = asyncio.create_task(self._settle(batch))
            self._running.add(task)
            task.add_done_callback(lambda done: self._finish(done, documents))
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

    def _finish(self, task: asyncio.Task[None], documents: set[str]) -> None:
        self._running.discard(task)
        self._busy -= documents
        if self._waiting:
            self._schedule()

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._write([item.change for item in batch])
        except GraphUnavailableError as error:
            for item in batch:
                _fail(item, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the culprit's alone
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
        else:
            for item, answer in zip(batch, answers, strict=True):
                if not item.answer.done():
                    item.answer.set_result(answer)


def _fail(item: _Waiting, error: Exception) -> None:
    if not item.answer.done():
        item.answer.set_exception(error)
