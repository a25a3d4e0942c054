"""One managed transaction for a batch of changes: claim, read, decide, write. Idempotent: it may run more than once."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

from neo4j import AsyncDriver, AsyncManagedTransaction, unit_of_work
from neo4j.exceptions import DriverError, Neo4jError

from service.errors import GraphUnavailableError
from service.graph.changes import UNSEEN, Answer, Change, ChunkRecord, Confirmation, DocumentState, Submission
from service.graph.failures import is_race, translate
from service.graph.plan import Plan, plan
from service.graph.properties import document_state
from service.graph.statements import statement

ATTEMPTS = 8
"""Runs of one transaction that races with others; on top of the driver's own retries of deadlocks and lost leaders."""
PATIENCE = 5.0
"""Seconds more than the server's own limit, and seconds for a probe."""
FIRST_PAUSE = 0.02
"""Seconds, doubled each time, with full jitter."""


class GraphWriter:
    """Writes batches. Safe to call concurrently: each call has its own session."""

    def __init__(self, driver: AsyncDriver, database: str, timeout: float) -> None:
        """Make a writer.

        Args:
            driver: the process's driver.
            database: the graph's database.
            timeout: seconds until the server ends a transaction of ours.

        """
        self._driver = driver
        self._database = database
        self._timeout = timeout
        # The server's own limit: a client that gives up cannot stop a transaction that the server still runs.
        self._work = unit_of_work(timeout=timeout)(_write)

    async def write(self, changes: Sequence[Change]) -> list[Answer]:
        """Commit the changes in one transaction and return an answer for each, in the same order.

        Raises:
            GraphUnavailableError: Neo4j is away, ill or too slow; nothing is known to be committed.
            GraphRejectedError: Neo4j refuses one of the changes; none is committed.

        """
        for attempt in range(ATTEMPTS):
            try:
                # Our limit too: a server that is frozen does not keep its own, and the driver waits without end.
                async with (
                    asyncio.timeout(self._timeout + PATIENCE),
                    self._driver.session(database=self._database) as session,
                ):
                    return await session.execute_write(self._work, changes)
            except (Neo4jError, DriverError, OSError) as error:
                if attempt + 1 == ATTEMPTS or not is_race(error):
                    raise translate(error) from error
            await asyncio.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311 - jitter, no secret
        raise AssertionError

    async def probe(self) -> None:
        """Make a write that leaves nothing behind.

        Raises:
            GraphUnavailableError: Neo4j is away, or takes no writes.

        """
        try:
            async with asyncio.timeout(PATIENCE), self._driver.session(database=self._database) as session:
                result = await session.run(statement("probe"))
                await result.consume()
        except (Neo4jError, DriverError, OSError) as error:
            why = f"{type(error).__name__}: {error}" if str(error) else f"no answer within {PATIENCE:g} s"
            msg = f"expected Neo4j to take a write, got {why}"
            raise GraphUnavailableError(msg) from error


async def _write(tx: AsyncManagedTransaction, changes: Sequence[Change]) -> list[Answer]:
    states = await _claim(tx, changes)
    result = plan(states, changes)
    if result.retires:
        await _run(tx, "retire", removed=result.removed, broken=result.broken, moved=result.moved)
    if result.documents:
        await _run(tx, "write", **_parameters(result))
    return result.answers


def _parameters(result: Plan) -> dict[str, Any]:
    return {
        "documents": result.documents,
        "deleted": result.deleted,
        "chunks": result.chunks,
        "pairs": result.pairs,
        "entities": result.entities,
    }


async def _claim(tx: AsyncManagedTransaction, changes: Sequence[Change]) -> dict[str, DocumentState]:
    ids = sorted({change.document_id for change in changes})
    states = dict.fromkeys(ids, UNSEEN) | {row["id"]: document_state(row) for row in await _rows(tx, "claim", ids=ids)}
    if replaced := sorted({c.document_id for c in changes if _replaces(states[c.document_id], c)}):
        for row in await _rows(tx, "read_chunks", ids=replaced):
            chunks = [
                ChunkRecord(id_, index, start, end, page, heading)
                for id_, index, start, end, page, heading in row["chunks"]
            ]
            state = states[row["id"]]
            states[row["id"]] = DocumentState(
                state.version, state.live, state.content_hash, state.last_event_id, state.last_answer, chunks
            )
    return states


def _replaces(state: DocumentState, change: Change) -> bool:
    if not state.live or change.version <= state.version or isinstance(change, Confirmation):
        return False
    return not (isinstance(change, Submission) and change.document.content_hash == state.content_hash)


async def _run(tx: AsyncManagedTransaction, name: str, **parameters: Any) -> None:
    result = await tx.run(statement(name), parameters)
    await result.consume()


async def _rows(tx: AsyncManagedTransaction, name: str, **parameters: Any) -> list[Mapping[str, Any]]:
    result = await tx.run(statement(name), parameters)
    record = await result.single(strict=True)
    rows: list[Mapping[str, Any]] = record["rows"]
    return rows
