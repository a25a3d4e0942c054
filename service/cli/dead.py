"""`docgraph dead`: the dead letters, while the service runs. Results go to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer
from aio_pika.abc import AbstractConnection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from schemas import Reason
from service.delivery import dead_letter_work as work
from service.delivery.connection import run_connected
from service.delivery.dead_letter_work import Tally
from service.delivery.dead_letters import DeadLetter, Wanted, full_record, readable
from service.delivery.edits import editing, parse_assignment
from service.durations import parse_duration
from service.errors import DocgraphError
from service.settings import Settings

app = typer.Typer(name="dead", help="Dead letters: look at them, replay them, drop them.", no_args_is_help=True)

T = TypeVar("T")


def _duration(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ReasonIs = Annotated[Reason | None, typer.Option("--reason", help="Only with this reason.")]
Document = Annotated[str | None, typer.Option("--document", help="Only of the document with this id.")]
ErrorHas = Annotated[str | None, typer.Option("--error", help="Only with this text in the error's class or detail.")]
Event = Annotated[str | None, typer.Option("--event", help="Only the event with this id.")]
OlderThan = Annotated[
    timedelta | None,
    typer.Option("--older-than", parser=_duration, metavar="AGE", help="Only those that failed longer ago: 30m, 2h."),
]
NewerThan = Annotated[
    timedelta | None,
    typer.Option("--newer-than", parser=_duration, metavar="AGE", help="Only those that failed since: 30m, 2h."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="That many at most, from the oldest on.")]
Rate = Annotated[float | None, typer.Option("--rate", min=0.001, help="Messages per second at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be done; change nothing.")]


@app.command("list")
def list_(
    *,
    reason: ReasonIs = None,
    document: Document = None,
    error: ErrorHas = None,
    event: Event = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Limit = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print the dead letters, oldest first."""
    wanted = Wanted(reason, document, error, event, older_than, newer_than)
    tally = Tally()

    async def run(connection: AbstractConnection) -> list[DeadLetter]:
        async with aclosing(work.look(connection, wanted, limit=limit, tally=tally)) as found:
            return [letter async for letter, _ in found]

    letters = _run(run)
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(letter.record(), ensure_ascii=False))
    elif letters:
        _print_table(letters)
    _say(f"{len(letters)} of {tally.ready} dead letters", tally)


@app.command()
def show(event_id: Annotated[str, typer.Argument(help="Event id, as `list` prints it.")]) -> None:
    """Print one dead letter: its properties, headers and body."""

    async def run(connection: AbstractConnection) -> list[dict[str, object]]:
        async with aclosing(work.look(connection, Wanted(event=event_id))) as found:
            return [full_record(message) async for _, message in found]

    records = _run(run)
    if not records:
        raise DocgraphError(f"expected a dead letter with event id {event_id}, found none; see `docgraph dead list`")
    for record in records:
        typer.echo(json.dumps({k: v for k, v in record.items() if k != "text"}, indent=2, ensure_ascii=False))
        if (text := record.get("text")) is not None:
            typer.echo(readable(str(text)))


@app.command()
def replay(
    *,
    reason: ReasonIs = None,
    document: Document = None,
    error: ErrorHas = None,
    event: Event = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Limit = None,
    rate: Rate = None,
    edit: Annotated[bool, typer.Option("--edit", help="Open each body in $EDITOR first.")] = False,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=JSON", help="Set a field of each body first.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Send dead letters back to their handlers, with all attempts ahead of them; exit with 1 when some had to stay."""
    wanted = Wanted(reason, document, error, event, older_than, newer_than)
    values = dict(parse_assignment(text) for text in assignments or ())

    bar = Progress(console=Console(stderr=True), transient=True, disable=edit or not sys.stderr.isatty())
    task = bar.add_task("replaying")

    async def run(connection: AbstractConnection) -> Tally:
        return await work.replay(
            connection,
            wanted,
            edit=editing(values, in_editor=edit) if values or (edit and not dry_run) else None,
            limit=limit,
            rate=rate,
            dry_run=dry_run,
            watch=lambda tally: bar.update(task, total=tally.ready, completed=tally.looked),
        )

    with bar:
        tally = _run(run)
    for event_id, problem in tally.problems:
        typer.echo(f"{event_id} stays: {problem}", err=True)
    _say(f"{tally.done} {'would be ' if dry_run else ''}replayed, {len(tally.problems)} stay", tally)
    raise typer.Exit(1 if tally.problems else 0)


@app.command()
def drop(
    *,
    reason: ReasonIs = None,
    document: Document = None,
    error: ErrorHas = None,
    event: Event = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Limit = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Remove dead letters for good, after printing them; `export` them first if they may be needed."""
    wanted = Wanted(reason, document, error, event, older_than, newer_than)
    shown: set[DeadLetter] = set()

    def show_(letter: DeadLetter) -> None:
        if letter not in shown:
            shown.add(letter)
            typer.echo("  ".join(letter.cells()))

    async def run(connection: AbstractConnection, *, dry: bool = False) -> Tally:
        agreed: Callable[[DeadLetter], bool] = shown.__contains__ if asked and not dry else lambda _: True
        return await work.drop(connection, wanted, show_, only=agreed, limit=limit, dry_run=dry)

    # Asked between two scans and not within one: nothing is held while a person thinks, and only what was shown goes.
    asked = not yes and not dry_run
    if asked:
        tally = _run(lambda connection: run(connection, dry=True))
        if tally.done:
            typer.confirm(f"Drop {tally.done} dead letters?", abort=True, err=True)
    tally = _run(lambda connection: run(connection, dry=dry_run))
    _say(f"{tally.done} {'would be ' if dry_run else ''}dropped", tally)


@app.command()
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File to write; - for standard output.")],
    *,
    reason: ReasonIs = None,
    document: Document = None,
    error: ErrorHas = None,
    event: Event = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Limit = None,
) -> None:
    """Write dead letters as JSON lines with properties, headers and body; they stay in the queue.

    A file that is there already is left alone: it may hold letters that have been dropped since.
    """
    wanted = Wanted(reason, document, error, event, older_than, newer_than)
    tally = Tally()

    async def run(connection: AbstractConnection) -> None:
        async with aclosing(work.look(connection, wanted, limit=limit, tally=tally)) as found:
            async for _, message in found:
                out.write(json.dumps(full_record(message), ensure_ascii=False) + "\n")

    with nullcontext(sys.stdout) if file == "-" else _new_file(Path(file)) as out:
        _run(run)
    _say(f"{tally.matched} of {tally.ready} dead letters written", tally)


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """Write a file that was not there before; leave none behind that is not whole."""
    try:
        out = path.open("x", encoding="utf-8")
    except OSError as error:
        msg = f"FILE: expected to make a new file, got {path}: {error.strerror}"
        raise DocgraphError(msg) from None
    with out:
        try:
            yield out
        except BaseException:
            path.unlink()
            raise


def _run(command: Callable[[AbstractConnection], Coroutine[object, object, T]]) -> T:
    return run_connected(Settings.load().rabbitmq_url, command)


def _say(line: str, tally: Tally) -> None:
    typer.echo(line, err=True)
    if tally.others:
        typer.echo("another command reads documents.dead: what it holds was not seen; run this one again", err=True)


def _print_table(letters: list[DeadLetter]) -> None:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("EVENT", no_wrap=True, min_width=36)
    for title in ("REASON", "DOCUMENT", "VERSION", "ATTEMPTS", "FAILED"):
        table.add_column(title, overflow="fold")
    table.add_column("DETAIL", no_wrap=True, overflow="ellipsis")
    for letter in letters:
        table.add_row(*(Text(value) for value in letter.cells()))
    # Into a pipe there is no width to keep to.
    Console(width=None if sys.stdout.isatty() else 240).print(table)
