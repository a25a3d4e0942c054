"""Dead letters as people handle them: on the real broker, by the commands and by the functions behind them."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker
from typer.testing import CliRunner

from service.cli.dead import app
from service.delivery import journal
from service.delivery.connection import connected
from service.delivery.dead_letter_scan import DeadLetterScan
from service.delivery.dead_letter_work import drop, replay
from service.delivery.dead_letters import Wanted
from service.delivery.topology import DEAD, DELETED, SUBMITTED, Topology, declare
from service.errors import DocgraphError, StartupError
from tests.support.broker import BrokerView
from tests.support.processes import environment

ALL = Wanted()


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
def dead(rabbitmq_url):
    """Run `docgraph dead …`."""

    async def run(*arguments: str, **options):
        environment = {"RABBITMQ_URL": rabbitmq_url, **options.pop("env", {})}
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment, **options)

    return run


async def bury(view: BrokerView, event_id: str, body: dict | bytes | None = None, **facts):
    """Publish a dead letter as the service does; `facts` are headers of ours or AMQP properties."""
    ago = facts.pop("ago", 60)
    headers = {
        "docgraph-reason": facts.pop("reason", "invalid_event"),
        "docgraph-error": facts.pop("error", "InvalidEventError"),
        "docgraph-detail": facts.pop("detail", "expected version or occurred_at, got neither"),
        "docgraph-attempts": 1,
        "docgraph-exchange": facts.pop("exchange", "documents"),
        "docgraph-routing-key": facts.pop("key", "document.submitted"),
        "docgraph-last-failed-at": (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(),
        **facts.pop("headers", {}),
    }
    if not isinstance(body, bytes):
        body = json.dumps(body or {"document_id": f"doc-{event_id}", "version": 1, "text": "Some text."}).encode()
    message = aio_pika.Message(body, message_id=event_id, headers=headers, delivery_mode=2, **facts)
    await view.channel.default_exchange.publish(message, DEAD)


async def bury_many(view: BrokerView, count: int) -> list[str]:
    ids = [f"e{number:03}" for number in range(count)]
    for id_ in ids:
        await bury(view, id_)
    return ids


async def take_all(view: BrokerView, queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
    found = []
    source = await view.channel.get_queue(queue, ensure=False)
    while (message := await source.get(fail=False)) is not None:
        await message.ack()
        found.append(message)
    return found


async def ids_in(view: BrokerView, queue: str) -> list[str]:
    return [message.message_id for message in await take_all(view, queue)]


async def test_a_replay_with_an_edit_heals_a_poison_message(broker, graph, dead):
    id_ = await broker.publish("document.submitted", {"document_id": "a", "text": "Honey bees."})
    assert (await broker.answer(id_))["kind"] == "document.failed"

    refused = await dead("replay", "--event", id_, "--set", "version=-1")
    assert refused.exit_code == 1
    assert "expected the edited body to be a document.submitted" in refused.stderr
    healed = await dead("replay", "--event", id_, "--set", "version=3")

    assert healed.exit_code == 0, healed.stderr
    assert "1 replayed, 0 stay" in healed.stderr
    _, processed = await broker.until(2)
    answer = json.loads(processed.body)
    assert (answer["causation_id"], answer["outcome"], answer["attempt"]) == (id_, "created", 1)
    assert (await graph.document("a"))["version"] == 3
    assert await broker.depth(DEAD) == 0


async def test_a_rebuilt_graph_holds_what_an_edit_has_healed(broker, graph, dead, connection):
    id_ = await broker.publish("document.submitted", {"document_id": "a", "text": "Honey bees."})
    await broker.answer(id_)
    assert (await dead("replay", "--event", id_, "--set", "version=3")).exit_code == 0
    await broker.until(2)

    await graph.wipe()
    assert (await journal.replay(connection)).done == 2

    await broker.until(4)
    assert (await graph.document("a"))["version"] == 3
    assert await graph.texts("a") == ["Honey bees."]


async def test_a_body_can_be_edited_in_the_editor_and_keeps_the_id_derived_from_the_old_one(broker, dead):
    await broker.publish_bare("document.submitted", {"document_id": "a", "version": "soon", "text": "Honey bees."})
    (failed,) = await broker.until(1)

    healed = await dead("replay", "--edit", env={"VISUAL": "", "EDITOR": "sed -i s/.soon./3/"})

    assert healed.exit_code == 0, healed.stderr
    _, processed = await broker.until(2)
    assert processed.type == "document.processed"
    assert json.loads(processed.body)["causation_id"] == json.loads(failed.body)["causation_id"]


async def test_an_emptied_or_failed_edit_leaves_the_letter(idle, dead):
    await bury(idle, "e1")
    for editor in ("truncate -s 0", "false", "no-such-editor"):
        result = await dead("replay", "--edit", env={"VISUAL": editor})
        assert result.exit_code == 1
        assert "e1 stays: " in result.stderr
    assert await ids_in(idle, DEAD) == ["e1"]
    assert await idle.depth(SUBMITTED) == 0


async def test_a_replay_ends_though_its_letters_die_again_at_once(broker, connection):
    for _ in range(20):
        await broker.publish("document.submitted", b"{")
    await broker.until(20)
    tally = await replay(connection, ALL)
    assert tally.done == 20
    await broker.until(40)
    assert len(await broker.dead()) == 20


async def test_a_replayed_copy_is_the_event_as_it_was_first_published(idle, connection):
    written = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    await bury(
        idle,
        "e1",
        headers={
            "tenant": "acme",
            "docgraph-attempt": 4,
            "docgraph-tier": "1s",
            "x-delivery-count": 7,
            "CC": ["other"],
        },
        correlation_id="order-7",
        type="document.submitted",
        content_type="application/json",
        timestamp=written,
        app_id="crawler",
        priority=3,
        expiration=600,
    )
    await bury(idle, "e2", key="document.deleted")

    await replay(connection, ALL)

    (copy,) = await take_all(idle, SUBMITTED)
    assert copy.headers == {"tenant": "acme", "x-delivery-count": 0}  # the second is the broker's
    assert (copy.message_id, copy.correlation_id, copy.type) == ("e1", "order-7", "document.submitted")
    assert (copy.content_type, copy.timestamp, copy.app_id) == ("application/json", written, "crawler")
    assert (copy.priority, copy.expiration, copy.delivery_mode) == (3, None, 2)
    assert await ids_in(idle, DELETED) == ["e2"]
    # Past the exchange: its other subscribers and the journal have seen the event.
    assert [entry async for entry in journal.read(connection)] == []


async def test_what_came_another_way_returns_that_way_or_stays(idle, connection):
    queue = await idle.channel.declare_queue("theirs", durable=True)
    other = await idle.channel.declare_exchange("others", durable=True)
    await queue.bind(other, "theirs")
    await bury(idle, "routed", exchange="others", key="theirs")
    await bury(idle, "unroutable", exchange="others", key="nobodys")
    await bury(idle, "unroutable", exchange="others", key="nobodys")
    await bury(idle, "nowhere", exchange="gone", key="x")
    await bury(idle, "usual")

    tally = await replay(connection, ALL)

    assert tally.done == 2
    assert {event_id for event_id, _ in tally.problems} == {"unroutable", "nowhere"}
    assert await ids_in(idle, "theirs") == ["routed"]
    assert await ids_in(idle, SUBMITTED) == ["usual"]
    assert await ids_in(idle, DEAD) == ["unroutable", "unroutable", "nowhere"]


FILTERS = {
    "everything": ([], ["old", "zip", "crash"]),
    "a reason": (["--reason", "crash_loop"], ["crash"]),
    "a document": (["--document", "doc-zip"], ["zip"]),
    "an event": (["--event", "old"], ["old"]),
    "the error's class": (["--error", "corrupterror"], ["zip"]),
    "the error's detail": (["--error", "bad ZIP"], ["zip"]),
    "old ones": (["--older-than", "2h"], ["old"]),
    "young ones": (["--newer-than", "2h"], ["zip", "crash"]),
    "several conditions": (["--newer-than", "2h", "--reason", "corrupt"], ["zip"]),
    "a limit": (["--limit", "2"], ["old", "zip"]),
    "none": (["--event", "other"], []),
}


async def test_each_filter_picks_what_it_says(idle, dead):
    await bury(idle, "old", ago=3 * 3600)
    await bury(idle, "zip", reason="corrupt", error="CorruptError", detail="expected a document, got a bad zip")
    await bury(idle, "crash", reason="crash_loop", error="CrashLoopError")
    for name, (arguments, expected) in FILTERS.items():
        listed = await dead("list", "--json", *arguments)
        assert [json.loads(line)["event_id"] for line in listed.stdout.splitlines()] == expected, name
    replayed = await dead("replay", *FILTERS["a document"][0])
    assert replayed.exit_code == 0
    assert await ids_in(idle, SUBMITTED) == ["zip"]
    assert await ids_in(idle, DEAD) == ["old", "crash"]


async def test_a_list_keeps_all_letters_in_their_order(idle, dead):
    ids = await bury_many(idle, 200)
    for arguments in (["--limit", "70"], [], ["--event", "e150"], ["--limit", "70"]):
        assert (await dead("list", *arguments)).exit_code == 0
    assert await ids_in(idle, DEAD) == ids


async def test_a_list_is_a_table_that_a_hostile_letter_cannot_break(idle, dead, connection):
    await bury(idle, "e1", {"document_id": "a\x1b[31m"}, detail="[bold]expected\nmore[/nothing]\x1b[2J")
    listed = await dead("list")
    assert "\x1b" not in listed.stdout
    header, row = listed.stdout.splitlines()
    assert header.split() == ["EVENT", "REASON", "DOCUMENT", "VERSION", "ATTEMPTS", "FAILED", "DETAIL"]
    assert "[bold]expected more[/nothing]" in row
    assert "1 of 1 dead letters" in listed.stderr
    assert "another command" not in listed.stderr
    async with DeadLetterScan(connection) as scan:
        scan.leave(await anext(scan.messages()))
        assert "another command reads documents.dead" in (await dead("list")).stderr


async def test_a_dry_run_changes_nothing_and_a_rate_is_kept(idle, dead):
    ids = await bury_many(idle, 5)
    replayed = await dead("replay", "--dry-run", "--limit", "3")
    assert "3 would be replayed" in replayed.stderr
    dropped = await dead("drop", "--dry-run", "--yes")
    assert [line.split()[0] for line in dropped.stdout.splitlines()] == ids
    assert "5 would be dropped" in dropped.stderr
    assert await idle.depth(SUBMITTED) == 0
    began = asyncio.get_running_loop().time()
    assert "4 replayed" in (await dead("replay", "--rate", "10", "--limit", "4")).stderr
    assert asyncio.get_running_loop().time() - began >= 0.3
    assert await ids_in(idle, SUBMITTED) == ids[:4]
    assert await ids_in(idle, DEAD) == ids[4:]


async def test_two_replays_at_once_neither_lose_nor_double(idle, rabbitmq_url):
    ids = await bury_many(idle, 300)

    async def replay_all():
        async with connected(rabbitmq_url) as connection:
            return await replay(connection, ALL)

    tallies = await asyncio.gather(replay_all(), replay_all())

    assert sum(tally.done for tally in tallies) == 300
    assert sorted(await ids_in(idle, SUBMITTED)) == ids
    assert await idle.depth(DEAD) == 0


async def test_a_replay_sees_what_another_scan_gives_back_meanwhile(idle, connection, rabbitmq_url):
    ids = await bury_many(idle, 60)
    async with connected(rabbitmq_url) as other, DeadLetterScan(other) as scan:
        async for message in scan.messages():
            scan.leave(message)
            if message.message_id == "e009":
                break
        # The replay counts less than there is, and meets what comes back in front of the rest.
        seen = asyncio.Event()
        task = asyncio.create_task(replay(connection, ALL, rate=100, watch=lambda _: seen.set()))
        async with asyncio.timeout(60):
            await seen.wait()
    assert (await task).done == 60
    assert sorted(await ids_in(idle, SUBMITTED)) == ids


async def test_a_cancelled_replay_loses_nothing_and_doubles_nothing(idle, rabbitmq_url):
    ids = await bury_many(idle, 60)

    async def replay_some():
        async with connected(rabbitmq_url) as connection:
            await replay(connection, ALL, watch=lambda tally: tally.done == 20 and task.cancel())

    task = asyncio.create_task(replay_some())
    with pytest.raises(asyncio.CancelledError):
        await task

    replayed, left = await ids_in(idle, SUBMITTED), await ids_in(idle, DEAD)
    assert len(replayed) >= 20
    assert left
    assert sorted(replayed + left) == ids


async def test_a_killed_replay_loses_nothing(idle, settings):
    ids = await bury_many(idle, 60)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from service.cli.dead import app; app()",
        "replay",
        "--rate",
        "50",
        env=environment(settings),
    )
    async with asyncio.timeout(60):
        while await idle.depth(SUBMITTED) < 10:
            await asyncio.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    replayed = await ids_in(idle, SUBMITTED)
    async with asyncio.timeout(60):
        while await idle.depth(DEAD) < 60 - len(replayed):
            await asyncio.sleep(0.02)
    counts = Counter(replayed + await ids_in(idle, DEAD))
    assert sorted(counts) == ids
    # In flight when it was killed: replayed again, they are recognised by their event id.
    assert sum(counts.values()) - 60 <= 16


async def test_letters_are_dropped_after_they_are_shown_and_agreed_to(idle, dead, connection):
    ids = await bury_many(idle, 5)
    tally = await drop(connection, ALL, lambda _: None, only=lambda letter: letter.event_id > "e002")
    assert tally.done == 2
    refused = await dead("drop", "--event", "e001", input="n\n")
    assert refused.exit_code == 1
    assert await idle.depth(DEAD) == 3
    agreed = await dead("drop", "--event", "e001", input="y\n")
    assert agreed.stdout.startswith("e001  invalid_event  doc-e001  1  1  ")
    assert "e000" not in agreed.stdout
    assert "1 dropped" in agreed.stderr
    assert [line.split()[0] for line in (await dead("drop", "--yes")).stdout.splitlines()] == [ids[0], ids[2]]
    assert await idle.depth(DEAD) == 0


async def test_show_and_export_hold_all_that_a_message_was(idle, dead, tmp_path):
    await bury(idle, "text", b'{"a": "\xc3\xa4"}', headers={"tenant": "acme"}, type="document.submitted")
    await bury(idle, "bytes", b"\xff\x00")
    written = await dead("export", str(tmp_path / "dead.jsonl"))
    assert "2 of 2 dead letters written" in written.stderr
    text, data = [json.loads(line) for line in (tmp_path / "dead.jsonl").read_text("utf-8").splitlines()]
    assert text["event_id"] == text["properties"]["message_id"] == "text"
    assert text["properties"]["type"] == "document.submitted"
    assert text["headers"]["tenant"] == "acme"
    assert text["headers"]["docgraph-reason"] == "invalid_event"
    assert text["text"] == '{"a": "ä"}'
    assert data["base64"] == "/wA="
    piped = await dead("export", "-", "--event", "bytes")
    assert json.loads(piped.stdout)["base64"] == data["base64"]
    shown = await dead("show", "text")
    assert '"tenant": "acme"' in shown.stdout
    assert shown.stdout.endswith('{"a": "ä"}\n')
    missing = await dead("show", "other")
    assert isinstance(missing.exception, DocgraphError)
    assert "expected a dead letter with event id other" in str(missing.exception)
    assert await ids_in(idle, DEAD) == ["text", "bytes"]


async def test_an_export_neither_replaces_a_file_nor_leaves_half_a_one(idle, dead, tmp_path):
    """`docgraph dead export FILE && docgraph dead drop`, each day with the same FILE."""
    await bury(idle, "e1")
    file = tmp_path / "dead.jsonl"
    assert (await dead("export", str(file))).exit_code == 0
    before = file.read_bytes()
    again = await dead("export", str(file))
    assert isinstance(again.exception, DocgraphError)
    assert f"expected to make a new file, got {file}" in str(again.exception)
    assert file.read_bytes() == before
    other = tmp_path / "other.jsonl"
    unreachable = await dead("export", str(other), env={"RABBITMQ_URL": "amqp://127.0.0.1:1/"})
    assert isinstance(unreachable.exception, StartupError)
    assert not other.exists()


async def test_errors_say_what_to_look_at(rabbitmq_url, dead):
    missing = await dead("list")
    assert isinstance(missing.exception, StartupError)
    assert "expected queue 'documents.dead', but this vhost has none" in str(missing.exception)
    unreachable = await dead("list", env={"RABBITMQ_URL": "amqp://127.0.0.1:1/"})
    assert isinstance(unreachable.exception, StartupError)
    assert str(unreachable.exception).startswith("RABBITMQ_URL: expected RabbitMQ to accept a connection")
