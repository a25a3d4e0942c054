"""What is there when a run is over: in the queues, in the dead letters, in the journal, in the graph."""

import asyncio
from collections import Counter

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from neo4j import AsyncGraphDatabase

from service.delivery.topology import DEAD
from service.local.rabbitmq import RabbitMQ
from service.settings import Settings
from tests.faults.checker import Node
from tests.faults.collector import Collector
from tests.faults.connections import a_channel
from tests.support.graph import GraphView

JOURNAL = "documents.journal"
END = "harness.end"
"""Routing key of the mark that a run puts at the end of inputs and completions; no work queue is bound to it."""

# `list_queues` shows what a quorum queue reported at its last tick, up to five seconds ago: ask the queues themselves.
_TOTALS = """
lists:foreach(fun(Q) ->
  case amqqueue:get_type(Q) of
    rabbit_quorum_queue ->
      {resource, _, queue, Name} = amqqueue:get_name(Q),
      {ok, {_, Total}, _} = ra:leader_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1),
      io:format("~s ~b~n", [Name, Total]);
    _ -> ok
  end
end, rabbit_amqqueue:list(<<"VHOST">>)).
"""


async def totals(rabbitmq: RabbitMQ, vhost: str) -> dict[str, int]:
    """Return how many messages each quorum queue holds, ready or with a consumer."""
    expression = " ".join(_TOTALS.replace("VHOST", vhost).split())
    said = await asyncio.to_thread(rabbitmq.ctl, "eval", expression)
    rows = [line.split() for line in said.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


async def mark_the_end(url: str) -> None:
    """Publish a mark behind everything in the journal and in the completions."""
    async with a_channel(url) as channel:
        for name in ("documents.completions", "documents"):
            exchange = await channel.get_exchange(name, ensure=False)
            await exchange.publish(aio_pika.Message(b"", delivery_mode=2), END)


async def journal(url: str) -> list[AbstractIncomingMessage]:
    """Return every input that was ever routed, up to the mark."""
    found: list[AbstractIncomingMessage] = []
    collector = Collector(url, JOURNAL, found.append, stream=True)
    async with asyncio.timeout(60), collector.following():
        await collector.until(lambda: bool(found) and found[-1].routing_key == END)
    return [message for message in found if message.routing_key != END]


def copies(messages: list[AbstractIncomingMessage]) -> Counter[str]:
    return Counter(str(message.message_id) for message in messages)


async def dead_letters(url: str) -> list[tuple[str, str]]:
    """Take all dead letters; return message id and reason of each."""
    found = []
    async with a_channel(url) as channel:
        queue = await channel.get_queue(DEAD, ensure=False)
        while (message := await queue.get(fail=False)) is not None:
            await message.ack()
            found.append((str(message.message_id), str(message.headers.get("docgraph-reason"))))
    return found


def graph_view(settings: Settings):
    """Open a view of the graph; use it as an async context manager."""
    auth = settings.neo4j_username, settings.neo4j_password.get_secret_value()
    return _View(settings.neo4j_uri, auth, settings.neo4j_database)


class _View:
    def __init__(self, uri: str, auth: tuple[str, str], database: str) -> None:
        self._driver = AsyncGraphDatabase.driver(uri, auth=auth, notifications_min_severity="OFF")
        self._database = database

    async def __aenter__(self) -> GraphView:
        return GraphView(self._driver, self._database)

    async def __aexit__(self, *exc: object) -> None:
        await self._driver.close()


async def nodes(graph: GraphView) -> tuple[dict[str, Node], list[str]]:
    """Return what the graph holds of each document, and what is wrong with its shape."""
    found: dict[str, Node] = {}
    rows = await graph.rows(
        "MATCH (d:Document) "
        "OPTIONAL MATCH (c:Chunk)-[:FROM_DOCUMENT]->(d) WITH d, c ORDER BY c.index "
        "WITH d, collect(c.text) AS texts, collect(c.index) AS indexes "
        "RETURN d.id AS id, d.version AS version, d.status AS status, d.lastEventId AS event, texts, indexes"
    )
    problems = []
    for row in rows:
        live = row["status"] == "READY"
        found[row["id"]] = Node(row["version"], row["event"], " ".join(row["texts"]) if live else None)
        if row["indexes"] != list(range(len(row["texts"]))) or live != bool(row["texts"]):
            problems.append(f"graph: {row['id']} is {row['status']} with the chunks {row['indexes']}")
    counts = await graph.counts()
    chunks = sum(len(row["texts"]) for row in rows)
    expected = {"chunks": chunks, "from_document": chunks, "next_chunk": chunks - counts["documents"]}
    problems += [
        f"graph: {counts[name]} {name}, expected {count}" for name, count in expected.items() if counts[name] != count
    ]
    twice = await graph.value(
        "MATCH (e:__Entity__)-[l:FROM_CHUNK]->(c:Chunk) WITH e, c, count(l) AS n WHERE n > 1 RETURN count(*) AS n"
    )
    if twice:
        problems.append(f"graph: {twice} keywords are linked twice to the same chunk")
    return found, problems
