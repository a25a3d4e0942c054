"""`docgraph local`: private servers for development and tests. Progress goes to stderr, only `env` writes to stdout."""

import os
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from service.local.endpoints import are_given, export_lines
from service.local.errors import LocalStackError
from service.local.running import run as run_with_stack, run_command
from service.local.server import Server
from service.local.stack import Stack, default_root, existing_stacks

app = typer.Typer(name="local", help="Private RabbitMQ and Neo4j for development and tests.", no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="Name of the stack; its state lies in .local/NAME.")]
Command = Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")]
All = Annotated[bool, typer.Option("--all", help="Every stack of this folder.")]

GIVEN = "RABBITMQ_URL and NEO4J_URI are set: using those servers, starting none"


@app.command()
def up(name: Name = "dev") -> None:
    """Start a stack and leave it running."""
    say = _clock()
    if are_given(os.environ):
        say(GIVEN)
        return
    Stack(name, say=say).start(keep=True)
    say(f'stack {name!r} is ready; point a shell at it with: eval "$(docgraph local env)"')


@app.command()
def down(name: Name = "dev", *, every: All = False) -> None:
    """Stop a stack. Its data stay."""
    say = _clock()
    for stack in existing_stacks() if every else [Stack(name)]:
        stack.say = say
        stack.stop()
        say(f"stack {stack.name!r} is down")


@app.command()
def status(name: Name = "dev") -> None:
    """Print what runs, and where; exit with 1 when a server does not answer."""
    stack = Stack(name)
    servers: list[tuple[str, Server]] = [(f"RabbitMQ {stack.rabbitmq.version() or ''}".rstrip(), stack.rabbitmq)]
    servers += [(f"Neo4j {stack.neo4j.version}", stack.neo4j)]
    healthy = True
    for title, server in servers:
        answers = server.healthy
        healthy = healthy and answers
        condition = "up" if answers else "down" if server.pid is None else "not answering"
        process = f" pid {server.pid}" if server.pid is not None else ""
        typer.echo(f"{title}: {condition}, 127.0.0.1:{server.port}{process}, data in {server.home}")
    raise typer.Exit(0 if healthy else 1)


@app.command()
def env(name: Name = "dev") -> None:
    """Print `export` lines for the shell."""
    stack = Stack(name)
    if not stack.healthy:
        raise LocalStackError(f"expected stack {name!r} to be up, but it is not; start it with `docgraph local up`")
    typer.echo(export_lines(stack.env()))


@app.command(context_settings={"ignore_unknown_options": True})
def run(command: Command, name: Name = "test") -> None:
    """Run a command with an empty stack of its own, stop the stack, exit with the command's code."""
    say = _clock()
    if are_given(os.environ):
        say(GIVEN)
        raise typer.Exit(run_command(command, dict(os.environ)))
    raise typer.Exit(run_with_stack(command, name, default_root(), say))


def _clock() -> Callable[[str], None]:
    began = time.monotonic()
    return lambda line: print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201
