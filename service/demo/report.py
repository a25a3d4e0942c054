"""What is in the graph, as tables."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.graph.driver import GraphAddress, open_driver
from service.graph.reader import GraphReader

QUERY = '"varroa mites" OR swarm OR 蜂蜜'
TAKEN = 40
"""Characters of a line that the first columns take; the last one is cut to what is left of a narrow terminal."""


async def show_graph(console: Console, address: GraphAddress) -> None:
    """Print numbers, shared keywords and the hits of one search."""

    def cut(text: str) -> Text:
        line = Text(" ".join(text.split()), no_wrap=True)
        line.truncate(max(console.width - TAKEN, 20), overflow="ellipsis")
        return line

    async with open_driver(address, transactions=1) as driver:
        reader = GraphReader(driver, address.database)
        console.print("\n[bold]In the graph[/]")
        for name, count in (await reader.summary()).items():
            console.print(f"  {name:<11} {count:>5}")

        shared = _table("Top shared keywords", "keyword", "documents", "some of them")
        for row in await reader.shared_keywords(limit=10):
            shared.add_row(row["name"], str(row["documents"]), cut(", ".join(filter(None, row["titles"][:3]))))
        console.print("", shared)

        hits = _table(f"Full-text search for {QUERY}", "score", "document", "passage")
        for hit in await reader.search(QUERY, limit=5):
            hits.add_row(f"{hit['score']:.2f}", hit["document"], cut(hit["text"]))
        console.print("", hits)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
