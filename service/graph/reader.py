"""A few questions to the graph, for the demo and for people at a prompt. Applications ask Neo4j themselves."""

from typing import Any

from neo4j import AsyncDriver

from service.graph.statements import statement


class GraphReader:
    """Reads; never waits for a writer."""

    def __init__(self, driver: AsyncDriver, database: str) -> None:
        self._driver = driver
        self._database = database

    async def summary(self) -> dict[str, int]:
        """Return how many documents, tombstones, chunks, keywords and links there are."""
        (row,) = await self._rows("summary")
        return row

    async def shared_keywords(self, limit: int) -> list[dict[str, Any]]:
        """Return the keywords that most documents share: name, documents, titles."""
        return await self._rows("shared_keywords", limit=limit)

    async def search(self, text: str, limit: int) -> list[dict[str, Any]]:
        """Return the chunks that match best: document, title, heading, text, score.

        Args:
            text: a query in Lucene's syntax.
            limit: most hits.

        """
        return await self._rows("search", text=text, limit=limit)

    async def _rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        records, _, _ = await self._driver.execute_query(
            statement(name), parameters, database_=self._database, routing_="r"
        )
        return [dict(record) for record in records]
