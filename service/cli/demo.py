"""`docgraph demo`: the whole story on this machine, in a minute."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from schemas import DocumentFailed
from service.demo.exchange import Completion, submit_all
from service.demo.report import show_graph
from service.demo.samples import Sample, samples
from service.demo.service_process import running_service
from service.graph.driver import GraphAddress
from service.local.endpoints import are_given
from service.local.stack import Stack, default_root

ANSWERED_WITHIN = 60.0


def demo(
    documents: Annotated[Path, typer.Option(help="Folder with the sample documents.")] = Path("examples/documents"),
) -> None:
    """Start private servers and the service, submit the sample documents, show the graph, stop everything."""
    began = time.monotonic()
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {line}", soft_wrap=True, markup=False)

    inputs = list(samples(documents))
    with _servers(say) as environment:
        log = default_root() / "demo" / "service.log"
        say("starting the service: faststream run service.app:app")
        with running_service(environment, log) as address:
            say(f"the service is ready: {address}/readyz (its contract: {address}/docs)")
            say(f"submitting {len(inputs)} events from {documents}")
            completions = asyncio.run(_submit(console, environment["RABBITMQ_URL"], inputs))
            asyncio.run(show_graph(console, _address(environment)))
            console.print()
            say("stopping")
    failed = [c for c in completions.values() if isinstance(c, DocumentFailed)]
    say(f"{len(completions)} of {len(inputs)} events were answered, {len(failed)} of them by a failure")
    if failed or len(completions) < len(inputs):
        say(f"see the service's log: {log}")
        raise typer.Exit(1)


@contextmanager
def _servers(say: Callable[[str], None]) -> Iterator[Mapping[str, str]]:
    if are_given(os.environ):
        say("RABBITMQ_URL and NEO4J_URI are set: using those servers")
        yield dict(os.environ)
        return
    stack = Stack("demo", say=say)
    say("starting a private RabbitMQ and a private Neo4j")
    try:
        stack.wipe()
        stack.start()
        yield stack.env()
    finally:
        stack.stop()


async def _submit(console: Console, url: str, inputs: list[Sample]) -> dict[str, Completion]:
    columns = (TextColumn("          "), BarColumn(), MofNCompleteColumn(), TextColumn("answered"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(inputs))

        def answered(sample: Sample, completion: Completion) -> None:
            progress.console.print(f"          {sample.label}: {_outcome(completion)}", soft_wrap=True, markup=False)
            progress.advance(task)

        return await submit_all(url, inputs, ANSWERED_WITHIN, answered)


def _outcome(completion: Completion) -> str:
    if isinstance(completion, DocumentFailed):
        return f"failed: {completion.reason}: {completion.detail}"
    text = f"{completion.kind}, {completion.outcome} in {completion.duration_ms:.0f} ms"
    if counts := getattr(completion, "chunks", None):
        text += f", {counts.total} chunks ({counts.created} new, {counts.kept} kept, {counts.removed} removed)"
    return text


def _address(environment: Mapping[str, str]) -> GraphAddress:
    return GraphAddress(
        uri=environment["NEO4J_URI"],
        username=environment.get("NEO4J_USERNAME", "neo4j"),
        password=environment.get("NEO4J_PASSWORD", ""),
        database=environment.get("NEO4J_DATABASE", "neo4j"),
    )
