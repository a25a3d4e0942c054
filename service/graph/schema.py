"""Constraints and indexes: created at start when they are missing, by as many processes at once as there are."""

import asyncio
import random

from neo4j import AsyncDriver
from neo4j.exceptions import DriverError, Neo4jError

from service.errors import StartupError
from service.graph.statements import schema_statements

ATTEMPTS = 10
WITHIN = 120.0
"""Seconds for all of it: indexes over a large graph take a while, a server that has frozen takes for ever."""
_EXISTS = (
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    "Neo.ClientError.Schema.ConstraintAlreadyExists",
    "Neo.ClientError.Schema.IndexAlreadyExists",
)


async def apply_schema(driver: AsyncDriver, database: str) -> None:
    """Create what is missing and wait until every index is online.

    Raises:
        StartupError: the schema cannot be created, for example over duplicates or without the right to; or not in time.

    """
    try:
        async with asyncio.timeout(WITHIN):
            for text in schema_statements():
                await _apply(driver, database, text)
            await driver.execute_query("CALL db.awaitIndexes(60)", database_=database)
    except (Neo4jError, DriverError, OSError) as error:
        why = str(error) or f"no answer within {WITHIN:g} s"
        msg = f"NEO4J_DATABASE: expected the graph's schema to be created in {database!r}, got {why}"
        raise StartupError(msg) from None


async def _apply(driver: AsyncDriver, database: str, text: str) -> None:
    for attempt in range(ATTEMPTS):
        try:
            await driver.execute_query(text, database_=database)
        except Neo4jError as error:
            if error.code in _EXISTS:
                return
            # Processes that start together deadlock on the label's lock; the driver's own retries may not be enough.
            if not error.is_retryable() or attempt + 1 == ATTEMPTS:
                msg = (
                    f"NEO4J_DATABASE: expected to create the graph's schema in {database!r}, got {error.message} "
                    f"(statement: {text.splitlines()[-1]})"
                )
                raise StartupError(msg) from None
        else:
            return
        await asyncio.sleep(random.uniform(0, 0.2))  # noqa: S311 - jitter, no secret
