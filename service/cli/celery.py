"""What an operator of the Celery bridge needs to do by hand."""

import typer

from service.bridge.policy import policy_command
from service.errors import StartupError
from service.settings import Settings

app = typer.Typer(name="celery", help="The Celery bridge.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Keep `policy` a command of its own, although it is the only one."""


@app.command()
def policy() -> None:
    """Print the command that sets the dead-letter policy of the callers' queues."""
    settings = Settings.load()
    if not (command := policy_command(settings.celery_queues, settings.rabbitmq_url)):
        msg = "DOCGRAPH_CELERY_QUEUES: expected a queue of the callers' own, got none; documents.celery needs no policy"
        raise StartupError(msg)
    typer.echo(command)
