"""`docgraph journal`: the events of the past, to look at and to replay. Results go to stdout, all else to stderr."""

import json
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from aio_pika.abc import AbstractConnection
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from service.delivery import journal
from service.delivery.connection import run_connected
from service.delivery.dead_letters import readable
from service.delivery.journal import Entry, Replayed, Selection
from service.durations import parse_duration
from service.settings import Settings

app = typer.Typer(
    name="journal", help="Every event that was published: look at them, rebuild the graph.", no_args_is_help=True
)


def _moment(text: str) -> datetime:
    try:
        # Without a time zone it is local time.
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except ValueError:
        msg = f"expected a time such as 2026-11-23T09:30:00Z or how long ago, such as 2h, got {text!r}"
        raise typer.BadParameter(msg) from None


Since = Annotated[
    datetime | None,
    typer.Option(
        parser=_moment, metavar="TIME", help="Stored by RabbitMQ since then: ISO 8601, or 2h for 2 hours ago."
    ),
]
Until = Annotated[
    datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Stored before that; without it, until now.")
]
Document = Annotated[str | None, typer.Option(help="Only of the document with this id.")]
Kind = Annotated[str | None, typer.Option("--type", help="Only document.submitted, or only document.deleted.")]


@app.command("list")
def list_(
    *,
    since: Since = None,
    until: Until = None,
    document: Document = None,
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, help="That many at most, from the oldest on.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print events in the order of publishing: offset, type, event, document, version, publisher's time, bytes."""
    shown = 0

    async def run(connection: AbstractConnection) -> None:
        nonlocal shown
        async with aclosing(journal.read(connection, Selection(since, until, document, kind))) as entries:
            async for entry, _ in entries:
                if shown == limit:
                    typer.echo(f"and more: raise --limit, now {limit}", err=True)
                    break
                shown += 1
                typer.echo(json.dumps(entry.record(), ensure_ascii=False) if as_json else _line(entry))

    run_connected(Settings.load().rabbitmq_url, run)
    typer.echo(f"{shown} events", err=True)


@app.command()
def replay(
    *,
    since: Since = None,
    until: Until = None,
    document: Document = None,
    kind: Kind = None,
    limit: Annotated[int | None, typer.Option(min=1, help="That many at most, from the oldest on.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Events per second at most.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Count what would be replayed; change nothing.")] = False,
) -> None:
    """Send events to the service again, under their own ids: what the graph has already has no effect."""
    selection = Selection(since, until, document, kind)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    task = bar.add_task("reading the journal", total=None)

    def watch(replayed: Replayed) -> None:
        bar.update(task, description=f"{replayed.looked} events read, {replayed.done} replayed")

    async def run(connection: AbstractConnection) -> Replayed:
        return await journal.replay(connection, selection, limit=limit, rate=rate, dry_run=dry_run, watch=watch)

    with bar:
        result = run_connected(Settings.load().rabbitmq_url, run)
    typer.echo(f"{result.done} events {'would be ' if dry_run else ''}replayed", err=True)
    if result.unhandled:
        typer.echo(f"{result.unhandled} events have a type that the service does not handle", err=True)


def _line(entry: Entry) -> str:
    published = entry.published_at.isoformat() if entry.published_at else "-"
    facts = (entry.offset, entry.kind, entry.event_id, entry.document_id, entry.version, published, entry.size)
    return "  ".join(readable("-" if fact is None else str(fact)).replace("\n", " ") for fact in facts)
