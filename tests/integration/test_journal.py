"""The journal: reading a part of it, and rebuilding the graph from it."""

import asyncio
import json
import math
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from faststream.rabbit import RabbitBroker
from typer.testing import CliRunner

from schemas import event_id
from service.cli.journal import app
from service.delivery.connection import connected
from service.delivery.journal import JOURNAL, Selection, read, replay
from service.delivery.topology import DELETED, SUBMITTED, Topology, declare
from service.errors import DocgraphError, StartupError
from service.graph.sweeper import Sweeper
from tests.support.broker import BrokerView


@pytest.fixture
async def idle(rabbitmq_url):
    """A broker with our queues, and no service that consumes them."""
    broker = RabbitBroker(rabbitmq_url)
    await declare(broker, Topology((1.0,), 20, "7D", 1 << 30))
    await broker.stop()
    async with BrokerView(rabbitmq_url) as view:
        yield view


@pytest.fixture
async def connection(rabbitmq_url):
    async with connected(rabbitmq_url) as connection:
        yield connection


@pytest.fixture
def command(rabbitmq_url):
    """Run `docgraph journal …`."""

    async def run(*arguments: str, **env: str):
        environment = {"RABBITMQ_URL": rabbitmq_url, **env}
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)

    return run


async def everything(graph) -> tuple[list, list]:
    """All nodes and links with their properties, but those that tell when and by which way they came to be."""
    way = {"createdAt", "updatedAt", "deletedAt", "lastOutcome", "lastChunks"}

    def told(properties: dict) -> list:
        return sorted((key, repr(value)) for key, value in properties.items() if key not in way)

    nodes = await graph.rows("MATCH (n) RETURN labels(n) AS labels, properties(n) AS p")
    links = await graph.rows(
        "MATCH (a)-[r]->(b) RETURN type(r) AS type, a.id AS start, b.id AS end, properties(r) AS p"
    )
    return (
        sorted([sorted(row["labels"]), told(row["p"])] for row in nodes),
        sorted([row["type"], row["start"], row["end"], told(row["p"])] for row in links),
    )


async def test_the_replayed_journal_builds_the_same_graph(broker, graph, connection):
    sweeper = Sweeper(graph.driver, graph.database, interval=60, grace=0)
    paragraphs = [
        f"Paragraph {number} tells of honey bees, hive {number} and the {number}th queen." for number in range(9)
    ]
    for number in range(12):
        await broker.submit(f"d{number}", 1, "\n\n".join(paragraphs[: 1 + number % 9] * 3), title=f"Title {number}")
    for number in range(0, 12, 2):  # updates
        await broker.submit(f"d{number}", 5, "\n\n".join(paragraphs[number % 5 :] * 4), metadata={"turn": 2})
    for number in range(0, 12, 3):  # late versions, older than what came before
        await broker.submit(f"d{number}", 3, "Too late.")
    await broker.delete("d1", 2)
    await broker.submit("d1", 1, "After its deletion.")
    await broker.delete("d2", 9)
    await broker.submit("d2", 10, "Back again, with wasps.")
    await broker.delete("never", 1)
    twice = {"document_id": "twice", "version": 1, "text": "Published twice, under one id."}
    for _ in range(2):
        await broker.publish("document.submitted", twice, message_id="twice@1")
    await broker.publish_bare("document.submitted", {"document_id": "bare", "version": 1, "text": "Without an id."})
    await broker.publish("document.submitted", b"{")  # poison
    published = 12 + 6 + 4 + 5 + 2 + 1 + 1
    await broker.until(published)
    await sweeper.sweep()
    before = await everything(graph)
    assert (await graph.counts())["documents"] == 13

    await graph.wipe()
    replayed = await replay(connection)

    assert (replayed.looked, replayed.done, replayed.unhandled) == (published, published, 0)
    await broker.until(2 * published)
    await sweeper.sweep()
    nodes, links = await everything(graph)
    assert nodes == before[0]
    assert links == before[1]
    assert (await graph.counts())["tombstones"] == 2
    assert len([entry async for entry, _ in read(connection)]) == published


async def test_a_replayed_event_keeps_its_ids_and_properties(idle, connection):
    written = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    await idle.publish(
        "document.submitted",
        {"document_id": "a", "version": 1, "text": "x"},
        message_id="m1",
        correlation_id="order-7",
        type="document.submitted",
        app_id="crawler",
        timestamp=written,
        headers={"tenant": "acme"},
    )
    await idle.publish_bare("document.deleted", {"document_id": "b", "version": 1})
    for queue in (SUBMITTED, DELETED):
        await (await idle.channel.get_queue(queue, ensure=False)).purge()

    await replay(connection)

    submitted = await (await idle.channel.get_queue(SUBMITTED, ensure=False)).get()
    await submitted.ack()
    assert (submitted.message_id, submitted.correlation_id, submitted.app_id) == ("m1", "order-7", "crawler")
    assert (submitted.type, submitted.timestamp, submitted.content_type) == (
        "document.submitted",
        written,
        "application/json",
    )
    assert submitted.headers == {"tenant": "acme", "x-delivery-count": 0}  # the second is the broker's
    assert submitted.delivery_mode == 2
    deleted = await (await idle.channel.get_queue(DELETED, ensure=False)).get()
    await deleted.ack()
    assert deleted.message_id == event_id(None, deleted.body)


async def until_next_second() -> datetime:
    """Wait for the clock to pass a full second, RabbitMQ's accuracy; return that second."""
    second = math.floor(time.time()) + 1
    while time.time() < second:
        await asyncio.sleep(second - time.time())
    return datetime.fromtimestamp(second, UTC)


async def test_parts_are_selected_by_time_document_and_type(idle, connection):
    await idle.submit("a", 1)
    await idle.submit("b", 1)
    then = await until_next_second()
    await idle.submit("a", 2)
    await idle.delete("b", 2)
    later = await until_next_second()
    await idle.submit("c", 1)

    async def selected(**conditions):
        return [(e.document_id, e.version) async for e, _ in read(connection, Selection(**conditions))]

    assert await selected() == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("c", 1)]
    assert await selected(since=then) == [("a", 2), ("b", 2), ("c", 1)]
    assert await selected(until=then) == [("a", 1), ("b", 1)]
    assert await selected(since=then, until=later) == [("a", 2), ("b", 2)]
    assert await selected(until=then - timedelta(hours=1)) == []
    assert await selected(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(await selected(until=datetime.now(UTC) + timedelta(hours=1))) == 5
    assert await selected(document="a") == [("a", 1), ("a", 2)]
    assert await selected(document="b", since=then) == [("b", 2)]
    assert await selected(kind="document.deleted") == [("b", 2)]


async def test_a_read_ends_where_the_journal_ended_when_it_began_also_an_empty_one(idle, connection):
    assert [entry async for entry in read(connection)] == []
    assert (await replay(connection)).looked == 0
    for number in range(200):
        await idle.submit(f"d{number}")
    seen = []
    async with aclosing(read(connection)) as entries:
        async for entry, _ in entries:
            seen.append(entry.document_id)
            if len(seen) <= 100:
                await idle.submit(f"new{number}")
    assert seen == [f"d{number}" for number in range(200)]


async def test_readers_at_the_same_time_do_not_end_each_other(idle, rabbitmq_url):
    for number in range(50):
        await idle.submit(f"d{number}")

    async def count():
        async with connected(rabbitmq_url) as connection:
            return len([entry async for entry in read(connection)])

    assert await asyncio.gather(*(count() for _ in range(4))) == [50] * 4


async def test_an_event_without_a_work_queue_is_kept_but_not_replayed(idle, connection):
    await idle.publish("document.renamed", {"document_id": "a"})
    await idle.submit("a")
    replayed = await replay(connection)
    assert (replayed.looked, replayed.done, replayed.unhandled) == (2, 1, 1)
    assert await idle.depth(SUBMITTED) == 2
    async with connection.channel() as channel:
        await channel.queue_delete(SUBMITTED)
    with pytest.raises(DocgraphError, match=r"expected a queue behind exchange '' and key 'documents\.submitted'"):
        await replay(connection)


async def test_a_limit_and_a_rate_are_kept_and_a_dry_run_changes_nothing(idle, connection):
    for number in range(8):
        await idle.submit(f"d{number}")
    assert (await replay(connection, dry_run=True)).done == 8
    assert await idle.depth(SUBMITTED) == 8
    began = time.monotonic()
    assert (await replay(connection, limit=5, rate=10)).done == 5
    assert time.monotonic() - began >= 0.4
    assert await idle.depth(SUBMITTED) == 13


async def test_the_commands_list_and_replay(idle, command):
    first = await idle.submit("a", 1)
    await idle.delete("a", 2)

    listed = await command("list", "--json", "--document", "a", "--since", "1h")
    entries = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(e["offset"] >= 0, e["kind"], e["version"]) for e in entries] == [
        (True, "document.submitted", 1),
        (True, "document.deleted", 2),
    ]
    assert entries[0]["event_id"] == first
    assert "2 events" in listed.stderr
    limited = await command("list", "--limit", "1")
    assert limited.stdout.split()[1:5] == ["document.submitted", first, "a", "1"]
    assert "and more" in limited.stderr
    assert "2 events would be replayed" in (await command("replay", "--dry-run")).stderr
    replayed = await command("replay", "--type", "document.deleted", "--until", "2999-01-01T00:00:00Z")
    assert "1 events replayed" in replayed.stderr
    assert await idle.depth(DELETED) == 2
    wrong = await command("list", "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "expected a time such as" in wrong.stderr


async def test_a_missing_journal_is_named(rabbitmq_url, command):
    result = await command("list")
    assert isinstance(result.exception, StartupError)
    assert f"expected queue {JOURNAL!r}" in str(result.exception)
