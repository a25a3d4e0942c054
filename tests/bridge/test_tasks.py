"""What a caller sends and what it gets: the real client, both result backends."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from celery import chain, chord, group, signature
from celery.exceptions import NotRegistered, TaskRevokedError

from tests.bridge.caller import QUEUE, Caller
from tests.support.processes import ROOT, environment


def error_of(outcome):
    return type(outcome).__name__, str(outcome)


async def test_a_task_becomes_a_document_and_its_caller_gets_the_completion(caller, events, view):
    result = await caller.send("plain", "Bees", "Honey bees live in a hive.", kwargs={"version": 3, "team": "garden"})
    answer = await caller.get(result)
    assert (answer["document_id"], answer["version"], answer["outcome"]) == ("plain", 3, "created")
    assert result.state == "SUCCESS"
    assert answer["causation_id"] == result.id
    document = await view.document("plain")
    assert document["title"] == "Bees"
    assert await view.texts("plain") == ["Honey bees live in a hive."]
    completion = await events.answer(result.id)
    assert {key: completion[key] for key in answer} == answer
    assert completion["kind"] == "document.processed"


async def test_delay_on_a_task_of_the_callers_own_is_served(caller):
    @caller.app.task(name="process_document", shared=False, lazy=False)
    def process_document(document_id, title, text):
        raise AssertionError("not done here")

    try:
        result = await caller.do(process_document.delay, "delayed", "T", "Wasps build nests.")
    finally:
        del caller.app.tasks["process_document"]
    assert (await caller.get(result))["outcome"] == "created"


async def test_a_deletion_is_a_task_too(caller):
    await caller.ask("gone", "T", "Soon gone.", kwargs={"version": 1})
    assert (await caller.ask("gone", 2, task="delete_document"))["outcome"] == "removed"


async def test_tasks_of_one_document_without_a_version_are_applied_in_their_order(caller, view):
    for text in ("First text.", "Second text.", "Third text."):
        assert (await caller.ask("ordered", "T", text))["outcome"] in ("created", "updated")
    assert await view.texts("ordered") == ["Third text."]


async def test_the_same_task_sent_twice_has_one_effect_and_the_same_answer(caller):
    one = await caller.ask("twice", "T", "Once only.", task_id="my own id, no UUID")
    two = await caller.ask("twice", "T", "Once only.", task_id="my own id, no UUID")
    assert one["outcome"] == two["outcome"] == "created"
    assert one["version"] == two["version"]


async def test_redis_serves_the_result_to_anybody_who_knows_the_id(redis_caller):
    result = await redis_caller.send("redis", "T", "Some text.")
    assert (await redis_caller.get(result))["outcome"] == "created"
    elsewhere = redis_caller.app.AsyncResult(result.id)
    assert await redis_caller.do(lambda: elsewhere.state) == "SUCCESS"
    failed = await redis_caller.send("redis")
    assert error_of(await redis_caller.outcome(failed))[0] == "TypeError"
    assert await redis_caller.do(lambda: redis_caller.app.AsyncResult(failed.id).state) == "FAILURE"
    expires = await redis_caller.do(redis_caller.app.backend.client.ttl, f"celery-task-meta-{result.id}")
    assert 0 < expires <= 86400


async def test_an_unknown_id_is_pending(redis_caller):
    assert await redis_caller.do(lambda: redis_caller.app.AsyncResult("never sent").state) == "PENDING"


async def test_a_caller_hears_that_its_task_has_started(caller):
    states = []
    result = await caller.send("started", "T", "Some text.")
    await caller.get(result, on_message=lambda meta: states.append(meta["status"]))
    assert states == ["STARTED", "SUCCESS"]


async def test_a_permanent_failure_is_raised_by_its_type_and_lies_in_the_dead_letters(caller, events):
    result = await caller.send("bad", "T", kwargs={"data": "JVBERi0xLjcKbm8=", "media_type": "application/pdf"})
    error = await caller.outcome(result)
    assert type(error).__name__ == "CorruptError"
    assert "PDF" in str(error)
    assert result.state == "FAILURE"
    assert "reason: corrupt" in result.traceback
    completion = await events.answer(result.id)
    assert (completion["kind"], completion["reason"], completion["document_id"]) == (
        "document.failed",
        "corrupt",
        "bad",
    )
    (letter,) = await events.dead()
    assert letter.headers["docgraph-reason"] == "corrupt"
    assert letter.headers["docgraph-document-id"] == "bad"
    assert letter.message_id == result.id


async def test_a_caller_that_has_the_class_can_catch_it(caller):
    from service.errors import UnsupportedMediaTypeError

    error = await caller.ask("film", "T", kwargs={"data": "AAEC", "media_type": "video/mp4"})
    assert isinstance(error, UnsupportedMediaTypeError)


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (("a", "T", "x", "more"), {}, "takes 3 positional arguments"),
        (("a", "T", "x"), {"title": "again"}, "multiple values for argument 'title'"),
        (("a", "T", "x"), {"colour": "red"}, "unexpected keyword argument 'colour'"),
        (("a",), {}, "expected exactly one of text, data and uri"),
        ((7, "T", "x"), {}, "document_id"),
    ],
)
async def test_arguments_that_make_no_event_are_a_type_error(caller, args, kwargs, expected):
    error = await caller.ask(*args, kwargs=kwargs)
    assert isinstance(error, TypeError)
    assert expected in str(error)


async def test_an_argument_of_no_use_is_left_out(caller):
    assert (await caller.ask("debugged", "T", "x", kwargs={"debug": True}))["outcome"] == "created"


async def test_an_unknown_task_is_not_registered_and_is_kept(caller, events):
    error = await caller.ask(task="send_newsletter")
    assert isinstance(error, NotRegistered)
    assert "send_newsletter" in str(error)
    (letter,) = await events.dead()
    assert letter.headers["docgraph-error"] == "UnknownTaskError"
    assert letter.headers["task"] == "send_newsletter"


async def test_pickle_is_refused_unread_and_kept(caller, events):
    result = await caller.send("pickled", "T", "x", serializer="pickle")
    assert error_of(await caller.outcome(result))[0] == "ContentDisallowed"
    (letter,) = await events.dead()
    assert letter.headers["docgraph-reason"] == "invalid_event"
    assert letter.content_type == "application/x-python-serialize"


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "lzma"])
async def test_a_compressed_task_is_read(caller, compression):
    assert (await caller.ask(compression, "T", "x " * 500, compression=compression))["outcome"] == "created"


async def test_a_task_is_taken_through_the_exchange_into_the_quorum_queue(caller, events):
    answer = await caller.ask(
        "exchange", "T", "x", exchange="documents.celery", exchange_type="topic", routing_key="document"
    )
    assert answer["outcome"] == "created"
    assert await events.consumers("documents.celery") == 1


async def test_a_countdown_waits_in_rabbitmq_and_holds_no_delivery(caller, events):
    later = await caller.send("later", "T", "x", countdown=3600)
    sent = datetime.now(UTC)
    soon = await caller.send("soon", "T", "x", countdown=2)
    answer = await caller.get(soon)
    assert datetime.fromisoformat(answer["occurred_at"]) - sent >= timedelta(seconds=1.9)
    async with asyncio.timeout(30):
        while not await events.depth("documents.celery.eta.1024s"):
            await asyncio.sleep(0.05)
    await caller.do(later.forget)


async def test_a_task_that_waits_for_its_eta_is_older_than_one_that_was_sent_after_it(caller, view):
    waiting = await caller.send("waited", "T", "Old text.", countdown=3)
    assert (await caller.ask("waited", "T", "New text."))["outcome"] == "created"
    assert (await caller.get(waiting))["outcome"] == "superseded"
    assert await view.texts("waited") == ["New text."]


async def test_a_task_whose_eta_is_past_is_done_at_once(caller):
    answer = await caller.ask("past", "T", "x", eta=datetime.now(UTC) - timedelta(hours=1))
    assert answer["outcome"] == "created"


async def test_a_task_that_expires_while_it_waits_is_revoked(caller):
    result = await caller.send("expired", "T", "x", countdown=3, expires=1)
    error = await caller.outcome(result)
    assert isinstance(error, TaskRevokedError)
    assert result.state == "REVOKED"


async def test_a_revoked_task_is_not_done(caller, view):
    result = await caller.send("revoked", "T", "x", countdown=3)
    replies = await caller.do(caller.app.control.revoke, result.id, reply=True, timeout=20, limit=1)
    assert "flagged as revoked" in str(replies)
    assert isinstance(await caller.outcome(result), TaskRevokedError)
    assert not await view.rows("MATCH (d:Document {id: 'revoked'}) RETURN d")


async def test_a_caller_that_wants_no_result_gets_none(redis_caller, events):
    result = await redis_caller.send("ignored", "T", "x", ignore_result=True)
    await events.answer(result.id)
    marker = await redis_caller.send("marker", "T", "x")
    await redis_caller.get(marker)
    assert not await redis_caller.do(redis_caller.app.backend.client.exists, f"celery-task-meta-{result.id}")


async def test_a_caller_that_is_gone_does_not_disturb(caller, events):
    result = await caller.send("nobody", "T", "x", reply_to="no such queue")
    assert (await events.answer(result.id))["outcome"] == "created"
    assert not await events.dead()


async def test_a_time_limit_fails_the_task_by_its_type(caller, events):
    for options, name in (
        ({"time_limit": 0.0001}, "TimeLimitExceeded"),
        ({"soft_time_limit": 0.0001, "time_limit": 60}, "SoftTimeLimitExceeded"),
    ):
        error = await caller.ask(f"limited {name}", "T", "x", **options)
        assert type(error).__name__ == name
    assert {letter.headers["docgraph-reason"] for letter in await events.dead()} == {"timeout"}


async def received(caller, queue, count):
    """Take so many tasks from a queue of the callers' own: what a worker of theirs would get."""

    def take():
        found = []
        with caller.app.connection_for_read() as connection, connection.SimpleQueue(queue) as simple:
            for _ in range(count):
                message = simple.get(timeout=30)
                found.append((message.headers, message.payload))
                message.ack()
        return found

    return await caller.do(take)


async def test_a_link_gets_the_result_and_a_link_error_the_id(caller):
    link = signature("notify", args=("x",), app=caller.app)
    trouble = signature("alarm", args=("y",), app=caller.app, options={"queue": "alarms"})
    good = await caller.send("linked", "T", "x", link=link, link_error=trouble)
    answer = await caller.get(good)
    ((headers, (args, kwargs, _)),) = await received(caller, "callers", 1)
    assert (headers["task"], args, kwargs) == ("notify", [answer, "x"], {})
    assert (headers["parent_id"], headers["root_id"]) == (good.id, good.id)
    bad = await caller.send("linked", link=link, link_error=trouble)
    await caller.outcome(bad)
    ((headers, (args, _, _)),) = await received(caller, "alarms", 1)
    assert (headers["task"], args) == ("alarm", [bad.id, "y"])


async def test_a_chain_goes_on_and_its_end_is_awaited(caller):
    def send():
        first = caller.app.signature("process_document", args=("c1", "T", "One."), immutable=True, queue=QUEUE)
        second = caller.app.signature("process_document", args=("c2", "T", "Two."), immutable=True, queue=QUEUE)
        third = caller.app.signature("process_document", args=("c3", "T", "Three."), immutable=True, queue=QUEUE)
        return chain(first, second, third, app=caller.app).apply_async()

    result = await caller.do(send)
    assert (await caller.get(result))["document_id"] == "c3"


async def test_a_chain_that_breaks_fails_at_its_end(redis_caller):
    def send():
        first = redis_caller.app.signature("process_document", args=("c1",), immutable=True, queue=QUEUE)
        second = redis_caller.app.signature("process_document", args=("c4", "T", "x"), immutable=True, queue=QUEUE)
        return chain(first, second, app=redis_caller.app).apply_async()

    result = await redis_caller.do(send)
    error = await redis_caller.outcome(result, disable_sync_subtasks=False)
    assert isinstance(error, TypeError)
    assert await redis_caller.do(lambda: redis_caller.app.AsyncResult(result.id).state) == "FAILURE"


async def test_a_group_is_collected_by_its_caller(caller):
    def send():
        tasks = [
            caller.app.signature("process_document", args=(f"g{number}", "T", "x"), queue=QUEUE) for number in range(5)
        ]
        return group(tasks, app=caller.app).apply_async()

    result = await caller.do(send)
    answers = await caller.do(lambda: result.get(timeout=60))
    assert [answer["document_id"] for answer in answers] == [f"g{number}" for number in range(5)]


async def test_what_the_bridge_does_not_do_fails_with_a_clear_text(redis_caller):
    nested = group([redis_caller.app.signature("notify")], app=redis_caller.app)
    error = await redis_caller.ask("nested", "T", "x", link=nested)
    assert isinstance(error, NotImplementedError)
    assert "single tasks only" in str(error)

    def send_chord():
        header = [
            redis_caller.app.signature("process_document", args=(f"h{number}", "T", "x"), queue=QUEUE)
            for number in range(2)
        ]
        body = redis_caller.app.signature("notify", queue="callers")
        result = chord(header, app=redis_caller.app)(body)
        return result.parent.results[0]

    error = await redis_caller.outcome(await redis_caller.do(send_chord))
    assert isinstance(error, NotImplementedError)
    assert "chord" in str(error)


async def test_a_task_of_message_protocol_1_fails_with_the_remedy(app, url):
    old = Caller(url, task_protocol=1)
    error = await old.ask("old", "T", "x")
    assert isinstance(error, NotImplementedError)
    assert "task_protocol=2" in str(error)
    await old.close()


async def test_an_undecodable_message_ends_in_the_dead_letters(events):
    for body, headers in ((b"\xff not json", {}), (b"{}", {"task": "process_document"}), (b"[1, 2]", {"id": "odd"})):
        message = aio_pika.Message(body, headers=headers, content_type="application/json", message_id=None)
        await events.channel.default_exchange.publish(message, QUEUE)
    await events.until(3)
    assert {json.loads(message.body)["reason"] for message in events.completions} == {"invalid_event"}
    letters = await events.dead()
    assert sorted(letter.body for letter in letters) == [b"[1, 2]", b"{}", b"\xff not json"]


async def test_the_event_of_a_task_is_in_the_journal_and_can_be_replayed(caller, events, view, url):
    from service.delivery import journal
    from service.delivery.connection import connected

    result = await caller.send("journal", "T", "Kept for a rebuild.")
    answer = await caller.get(result)
    await view.rows("MATCH (n) WHERE n.id = 'journal' OR n.documentId = 'journal' DETACH DELETE n")
    before = len(events.completions)
    async with connected(url) as connection:
        done = await journal.replay(connection, journal.Selection(document="journal"))
    assert done.done == 1
    await events.until(before + 1)
    assert await view.texts("journal") == ["Kept for a rebuild."]
    assert (await view.document("journal"))["version"] == answer["version"]


RUN = """
import asyncio, sys
from service.app import build_app
from service.settings import Settings

async def main():
    async with build_app(Settings.load()).start_lifespan_context():
        print({"celery", "kombu", "amqp", "billiard", "redis"} & {name.split(".")[0] for name in sys.modules})

asyncio.run(main())
"""


async def test_neither_celery_nor_without_need_redis_is_imported_by_a_running_bridge(bridge_settings):
    variables = environment(bridge_settings, DOCGRAPH_CELERY_QUEUES="elsewhere")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, stdout=asyncio.subprocess.PIPE, env=variables, cwd=ROOT
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "set()"
