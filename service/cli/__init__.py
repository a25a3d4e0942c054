"""The command `docgraph`: thin commands over the other packages. What a command does lives there, not here."""

import sys

import typer

from service import __version__
from service.cli.celery import app as celery
from service.cli.contract import asyncapi, schemas
from service.cli.dead import app as dead
from service.cli.demo import demo
from service.cli.inspect import inspect
from service.cli.journal import app as journal
from service.cli.local import app as local
from service.cli.reference import write_reference
from service.errors import DocgraphError

app = typer.Typer(
    name="docgraph",
    help="Document events on RabbitMQ become a knowledge graph in Neo4j.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(local, name="local")
app.add_typer(dead, name="dead")
app.add_typer(journal, name="journal")
app.add_typer(celery, name="celery")
app.command()(demo)
app.command()(inspect)
app.command()(asyncapi)
app.command()(schemas)
app.command("reference")(write_reference)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; an error of ours is one line, not a traceback."""
    try:
        app()
    except DocgraphError as error:
        typer.echo(f"docgraph: {error}", err=True)
        sys.exit(1)
