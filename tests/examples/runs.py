"""Runs an example as its README says, and looks at everything that it promises."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass

from yarl import URL

from tests.support.counting import CountingProxy
from tests.support.processes import ROOT
from tests.support.programs import Program, commands

DOCUMENTS = 200
SLOW_MACHINE = 240
SIGNS_OF_TROUBLE = (
    "attached to a different loop",
    "bound to a different event loop",
    "Event loop is closed",
    "no running event loop",
    "never awaited",
    "never retrieved",
    "was destroyed but it is pending",
    "Unclosed",
    "Traceback",
)


@dataclass(frozen=True)
class Example:
    name: str
    processes: int = 1
    """How many of its processes use the client."""
    ready: str = ""
    """What its worker says once it works."""
    connections: int | None = None
    """In all; by default one per process. Never more at a time than processes."""

    @property
    def folder(self):
        return ROOT / "examples" / self.name


async def is_served(example, served, **variables):
    """Run its commands: the last one sends the documents, the others are left running for it."""
    *workers, send = commands(example.folder / "README.md")
    assert send[-1] == str(DOCUMENTS)
    await are_completed(example, served, workers, send, **variables)


async def are_completed(example, served, workers, send, **variables):
    before = len(served.broker.completions)

    url = URL(served.settings.rabbitmq_url)
    async with CountingProxy(url.host, url.port) as proxy, AsyncExitStack() as stack:
        given = served.environment(rabbitmq_url=str(url.with_port(proxy.port)), **variables)
        running = [await stack.enter_async_context(Program(command, example.folder, given)) for command in workers]
        for worker in running:
            await worker.says(example.ready, within=SLOW_MACHINE)
        sender = await stack.enter_async_context(Program(send, example.folder, given))
        assert await sender.ends(within=SLOW_MACHINE) == 0, sender.output
        assert f"{DOCUMENTS} documents: {DOCUMENTS} completions" in sender.output
        for worker in running:
            await worker.stop(within=SLOW_MACHINE)

        for program in (sender, *running):
            assert not [sign for sign in SIGNS_OF_TROUBLE if sign in program.output], program.output
        assert proxy.accepted == (example.connections or example.processes)
        assert proxy.most <= example.processes

    completions = (await served.broker.until(before + DOCUMENTS))[before:]
    answers = [json.loads(message.body) for message in completions]
    assert {message.type for message in completions} == {"document.processed"}
    assert {answer["outcome"] for answer in answers} == {"created"}
    ids = {answer["document_id"] for answer in answers}
    assert len(ids) == len(answers) == DOCUMENTS
    assert (
        await served.graph.value("MATCH (d:Document) WHERE d.id IN $ids RETURN count(d) AS n", ids=[*ids]) == DOCUMENTS
    )
