"""What is in the graph, as tables."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.graph.driver import GraphAddress, open_driver
from service.graph.reader import GraphReader

WIDTHS = {"keyword": 16, "document": 24}
"""Characters of the columns that a narrow terminal must not squeeze."""
QUERY = '"varroa mites" OR swarm OR 蜂蜜'


async def show_graph(console: Console, address: GraphAddress) -> None:
    """Print numbers, shared keywords and the hits of one search."""
    async with open_driver(address, transactions=1) as driver:
        reader = GraphReader(driver, address.database)
        console.print("\n[bold]In the graph[/]")
        for name, count in (await reader.summary()).items():
            console.print(f"  {name:<11} {count:>5}")

        shared = _table("Top shared keywords", "keyword", "documents", "some of them")
        for row in await reader.shared_keywords(limit=10):
            shared.add_row(row["name"], str(row["documents"]), ", ".join(filter(None, row["titles"][:3])))
        console.print("", shared)

        hits = _table(f"Full-text search for {QUERY}", "score", "document", "passage")
        for hit in await reader.search(QUERY, limit=5):
            hits.add_row(f"{hit['score']:.2f}", hit["document"], Text(" ".join(hit["text"].split())))
        console.print("", hits)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    *exact, last = columns
    for column in exact:
        table.add_column(column, no_wrap=True, min_width=len(column), width=WIDTHS.get(column))
    table.add_column(last, no_wrap=True, overflow="ellipsis")
    return table
