"""A view of what is in the graph."""

from typing import Any

from neo4j import AsyncDriver


class GraphView:
    def __init__(self, driver: AsyncDriver, database: str) -> None:
        self.driver = driver
        self.database = database

    async def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        records, _, _ = await self.driver.execute_query(query, parameters, database_=self.database)
        return [dict(record) for record in records]

    async def value(self, query: str, **parameters: Any) -> Any:
        (row,) = await self.rows(query, **parameters)
        (value,) = row.values()
        return value

    async def wipe(self) -> None:
        # In steps: a transaction over everything may not fit into a small server's memory.
        while await self.value("MATCH (n) WITH n LIMIT 10000 DETACH DELETE n RETURN count(*) AS n"):
            pass

    async def texts(self, document_id: str) -> list[str]:
        """The document's chunk texts in the order of the chain, which must be one unbroken line."""
        rows = await self.rows(
            "MATCH (c:Chunk)-[:FROM_DOCUMENT]->(:Document {id: $id}) "
            "OPTIONAL MATCH (c)-[:NEXT_CHUNK]->(n) "
            "RETURN c.id AS id, c.index AS index, c.text AS text, collect(n.id) AS next",
            id=document_id,
        )
        rows.sort(key=lambda row: row["index"])
        assert [row["index"] for row in rows] == list(range(len(rows)))
        expected_next = [[row["id"]] for row in rows[1:]] + [[]]
        assert [row["next"] for row in rows] == expected_next[: len(rows)]
        return [row["text"] for row in rows]

    async def document(self, document_id: str) -> dict[str, Any]:
        return await self.value("MATCH (d:Document {id: $id}) RETURN properties(d) AS d", id=document_id)

    async def keywords(self, document_id: str) -> set[str]:
        rows = await self.rows(
            "MATCH (e:__Entity__)-[:FROM_CHUNK]->(:Chunk)-[:FROM_DOCUMENT]->(:Document {id: $id}) "
            "RETURN e.name AS name",
            id=document_id,
        )
        return {row["name"] for row in rows}

    async def counts(self) -> dict[str, int]:
        """Nodes and links by kind: all there is, for exact comparison."""
        (row,) = await self.rows(
            "RETURN COUNT { (:Document {status: 'READY'}) } AS documents, "
            "COUNT { (:Document {status: 'DELETED'}) } AS tombstones, "
            "COUNT { (:Chunk) } AS chunks, COUNT { (:__Entity__) } AS entities, "
            "COUNT { ()-[:FROM_DOCUMENT]->() } AS from_document, COUNT { ()-[:NEXT_CHUNK]->() } AS next_chunk, "
            "COUNT { ()-[:FROM_CHUNK]->() } AS from_chunk"
        )
        return row
