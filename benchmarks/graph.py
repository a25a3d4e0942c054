"""What every peer writes, and how: one statement for one document or for many, by the async and by the sync driver.

The graph is the service's: the same labels, properties, relationships, constraints and indexes. A document that is not
newer than the graph's is skipped, so that a redelivery does no harm. Keywords are written in one order over the whole
batch, so that transactions that run side by side do not deadlock.
"""

import os
from typing import Any

import neo4j

from benchmarks.job import Row

WRITE = """
UNWIND $documents AS row
MERGE (d:Document {id: row.id})
  ON CREATE SET d.version = -1, d.createdAt = datetime()
WITH d, row WHERE d.version < row.version
SET d.version = row.version, d += row.set, d.updatedAt = datetime()
WITH collect([d, row]) AS newer
CALL (newer) {
  UNWIND newer AS each
  WITH each[0] AS d, each[1].chunks AS chunks
  UNWIND chunks AS chunk
  CREATE (c:Chunk {documentId: d.id})-[:FROM_DOCUMENT]->(d)
  SET c += chunk
  RETURN count(*) AS chunks
}
CALL (newer) {
  UNWIND newer AS each
  UNWIND each[1].pairs AS pair
  MATCH (a:Chunk {id: pair[0]})
  MATCH (b:Chunk {id: pair[1]})
  CREATE (a)-[:NEXT_CHUNK]->(b)
  RETURN count(*) AS pairs
}
CALL (newer) {
  UNWIND newer AS each
  UNWIND each[1].links AS link
  WITH link ORDER BY link[0]
  MERGE (e:__Entity__:Keyword {id: link[0]})
    ON CREATE SET e.name = link[1], e.createdAt = datetime()
  WITH e, link
  MATCH (c:Chunk {id: link[2]})
  CREATE (e)-[:FROM_CHUNK {weight: link[3]}]->(c)
  RETURN count(*) AS links
}
RETURN chunks, pairs, links
"""


def _address() -> dict[str, Any]:
    return {
        "uri": os.environ["NEO4J_URI"],
        "auth": (os.environ["NEO4J_USERNAME"], os.environ["NEO4J_PASSWORD"]),
        # A deadlock is retried soon, not after the driver's own second.
        "initial_retry_delay": 0.05,
    }


def async_driver() -> neo4j.AsyncDriver:
    """Return the async driver; it opens nothing yet."""
    return neo4j.AsyncGraphDatabase.driver(**_address())


def sync_driver() -> neo4j.Driver:
    """Return the sync driver; it opens nothing yet."""
    return neo4j.GraphDatabase.driver(**_address())


async def write(driver: neo4j.AsyncDriver, rows: list[Row]) -> None:
    """Write the documents in one transaction, which the driver retries on passing errors."""
    async with driver.session(database="neo4j") as session:
        await session.execute_write(_write, rows)


def write_sync(driver: neo4j.Driver, rows: list[Row]) -> None:
    """Write the documents in one transaction, which the driver retries on passing errors."""
    with driver.session(database="neo4j") as session:
        session.execute_write(_write_sync, rows)


async def _write(tx: neo4j.AsyncManagedTransaction, rows: list[Row]) -> None:
    result = await tx.run(WRITE, documents=rows)
    await result.consume()


def _write_sync(tx: neo4j.ManagedTransaction, rows: list[Row]) -> None:
    tx.run(WRITE, documents=rows).consume()
