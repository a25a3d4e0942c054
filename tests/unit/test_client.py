"""The parts of the client that need no broker."""

import asyncio
import inspect
import pickle
import threading
from datetime import UTC, datetime, timedelta

import pytest
from aio_pika import Message

from schemas import COMPLETIONS, DocumentFailed, DocumentProcessed, DocumentRemoved, Reason
from service import client
from service.client import errors, names
from service.client.address import broker_url
from service.client.background import BackgroundLoop, result_of
from service.client.bulk import Tally
from service.client.deadlines import Deadlines
from service.client.errors import (
    ClientClosedError,
    ClientError,
    ConfirmationUnknownError,
    DocumentFailedError,
    PartlySubmittedError,
)
from service.client.events import Clock, outgoing
from service.client.feed import Silence
from service.client.inbox import Inbox, submitted_first
from service.client.journal import ago
from service.client.receipts import KINDS, Receipt, utcnow
from service.delivery import topology


def receipt(event_id="e1", kind="document.submitted", submitted_at=None):
    return Receipt(event_id, "a", 1, kind, event_id, submitted_at or utcnow())


def processed(event_id="e1"):
    return DocumentProcessed(
        document_id="a", version=1, causation_id=event_id, occurred_at=utcnow(), duration_ms=1, attempt=1,
        outcome="created", chunks={"created": 1, "kept": 0, "removed": 0, "total": 1}, keywords=1, content_hash="x",
    )  # fmt: skip


def failed():
    return DocumentFailed(
        document_id="a", causation_id="e1", occurred_at=utcnow(), reason="corrupt", error="E", detail="why", attempts=3
    )


def test_the_names_are_those_of_the_topology():
    assert topology.DOCUMENTS.name == names.DOCUMENTS
    assert topology.COMPLETIONS.name == names.COMPLETIONS
    assert topology.Topology((1,), 20, "7D", 1).journal(topology.COMPLETIONS).name == names.COMPLETIONS_JOURNAL
    assert set(KINDS.values()) == set(COMPLETIONS)


def test_every_error_is_exported_and_drawn_in_the_tree():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, ClientError):
            assert name in client.__all__
            assert name in errors.__doc__


@pytest.mark.parametrize(
    "error",
    [
        ConfirmationUnknownError("no answer", receipt()),
        DocumentFailedError(failed(), receipt()),
        PartlySubmittedError([receipt()], {1: ConfirmationUnknownError("no answer", receipt("e2"))}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_pickled_with_all_that_it_carries(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.receipt, copy.confirmed) == (str(error), error.receipt, error.confirmed)
    assert copy.__dict__.keys() == error.__dict__.keys()


def test_a_failure_carries_what_the_service_says():
    error = DocumentFailedError(failed(), receipt())
    assert (error.document_id, error.reason, error.detail, error.attempts) == ("a", Reason.CORRUPT, "why", 3)
    assert str(error) == "a: corrupt: why"


def test_the_url_comes_from_the_argument_the_variable_or_the_file(monkeypatch, tmp_path):
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.delenv("RABBITMQ_URL_FILE", raising=False)
    assert broker_url(None, None).host == "127.0.0.1"
    secret = tmp_path / "url"
    secret.write_text("amqps://from-file/v\n")
    monkeypatch.setenv("RABBITMQ_URL_FILE", str(secret))
    assert (broker_url(None, None).scheme, broker_url(None, None).host) == ("amqps", "from-file")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://from-variable/")
    assert broker_url(None, None).host == "from-variable"
    url = broker_url("amqp://given/?heartbeat=5", "loader")
    assert (url.host, url.query["heartbeat"], url.query["name"]) == ("given", "5", "loader")


def test_a_url_that_is_none_is_told_without_its_password(monkeypatch):
    monkeypatch.setenv("RABBITMQ_URL", "http://user:hunter2@host/")
    with pytest.raises(client.NotConfirmedError, match="RABBITMQ_URL: expected a URL such as amqp://") as caught:
        broker_url(None, None)
    assert "hunter2" not in str(caught.value)
    monkeypatch.delenv("RABBITMQ_URL")
    monkeypatch.setenv("RABBITMQ_URL_FILE", "/nowhere")
    with pytest.raises(client.NotConfirmedError, match="RABBITMQ_URL_FILE: expected a readable file"):
        broker_url(None, None)


def test_the_clock_never_tells_the_same_time_twice():
    clock = Clock()
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(set(times))


def test_an_item_of_many_may_be_arguments_or_an_event():
    item = outgoing({"document_id": "a", "data": b"\xff\x00", "event_id": "e1", "version": 7}, Clock())
    assert (item.receipt.event_id, item.receipt.correlation_id, item.receipt.version) == ("e1", "e1", 7)
    assert b'"data":"/wA="' in item.event.write()
    message = item.message()
    assert (message.message_id, message.type, message.content_type) == ("e1", "document.submitted", "application/json")
    assert message.delivery_mode == 2
    assert outgoing(item.event, Clock()).event is item.event


def test_a_completion_is_recognised_by_its_message_id():
    inbox = Inbox()
    awaited = inbox.expect(receipt(), may_be_missed=False)
    success, failure = receipt().completion_ids()
    assert inbox.awaits(success) is inbox.awaits(failure) is awaited
    assert inbox.awaits(None) is inbox.awaits("somebody else's") is None
    removed, _ = receipt(kind="document.deleted").completion_ids()
    assert inbox.awaits(removed) is None
    awaited.settle(processed())
    assert inbox.awaits(success) is None  # a repeat


def test_what_was_asked_for_is_forgotten_and_what_was_not_is_kept_up_to_a_bound():
    inbox = Inbox(kept=3)
    for number in range(5):
        inbox.expect(receipt(f"e{number}"), may_be_missed=False)
    assert len(inbox) == 3
    assert inbox.awaits(receipt("e1").completion_ids()[0]) is None
    with inbox.waiting(receipt("e2")) as awaited:
        for number in range(5, 9):
            inbox.expect(receipt(f"e{number}"), may_be_missed=False)
        assert inbox.awaits(receipt("e2").completion_ids()[0]) is awaited  # somebody waits for it
        awaited.settle(processed("e2"))
    assert inbox.awaits(receipt("e2").completion_ids()[0]) is None
    assert len(inbox) <= 3


def test_only_what_may_have_been_missed_and_is_waited_for_is_looked_up():
    inbox = Inbox()
    early = receipt("early")
    inbox.expect(early, may_be_missed=False)
    assert inbox.to_look_up() == []
    with inbox.waiting(early) as awaited:
        assert inbox.to_look_up() == []  # it was heard all the time
        inbox.not_listening()
        assert inbox.to_look_up() == [awaited]
        awaited.looked_up = True
        assert inbox.to_look_up() == []
        awaited.settle(processed())
        awaited.looked_up = False
        assert inbox.to_look_up() == []
    with inbox.waiting(receipt("unknown")) as unknown:
        assert inbox.to_look_up() == [unknown]


def test_what_may_have_been_missed_is_looked_up_from_its_submission_on_however_late_a_loss_is_noticed():
    inbox = Inbox()
    early, late = (receipt(f"e{age}", submitted_at=utcnow() - timedelta(minutes=age)) for age in (600, 10))
    for one in (early, late):
        inbox.expect(one, may_be_missed=False)
    with inbox.waiting(early), inbox.waiting(late):
        inbox.not_listening()
        assert submitted_first(inbox.to_look_up()) == early.submitted_at


def test_when_no_completion_can_come_those_who_wait_are_told_and_others_may_wait_again():
    inbox = Inbox()
    with inbox.waiting(receipt()) as awaited:
        inbox.fail(ClientError("not allowed"))
        assert awaited.settled.is_set()
        assert isinstance(awaited.outcome, ClientError)
    with inbox.waiting(receipt()) as again:
        assert not again.settled.is_set()


def test_a_place_in_a_stream_is_told_by_the_brokers_own_clock():
    now = datetime.now(UTC)
    assert int(ago(now - timedelta(seconds=30)).removesuffix("s")) in range(31, 35)
    assert ago(now + timedelta(hours=1)) == "2s"  # another machine's clock


@pytest.mark.parametrize("published", [-timedelta(hours=1), timedelta(seconds=29), timedelta(hours=1)])
def test_an_iteration_is_not_idle_by_what_was_published_earlier_or_is_dated_ahead(published):
    other = Message(b"", timestamp=utcnow() + published)
    assert not Silence(30).is_shown_by(other)
    assert not Silence(None).is_shown_by(other)


def test_failures_of_many_are_told_with_their_places():
    tally = Tally(None)
    tally.record_all(0, [receipt("e0"), ValueError("bad"), receipt("e2")])
    with pytest.raises(PartlySubmittedError, match=r"1 were not, 2 were, .* place 1: bad") as caught:
        tally.receipts()
    assert [one.event_id for one in caught.value.receipts] == ["e0", "e2"]


async def test_calls_under_way_can_be_ended():
    deadlines = Deadlines()

    async def call():
        async with deadlines.within(600):
            await asyncio.Event().wait()

    calls = [asyncio.create_task(call()) for _ in range(3)]
    await asyncio.sleep(0)
    await deadlines.finish(0)
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, TimeoutError)
    await deadlines.finish(0)  # none left


def test_the_removal_of_a_document_is_known_by_its_receipt():
    assert receipt(kind="document.deleted").completion_ids() != receipt().completion_ids()
    assert DocumentRemoved in KINDS.values()


def test_a_call_that_comes_while_the_background_loop_ends_is_refused_instead_of_hanging():
    loop = BackgroundLoop()
    ending, asked = threading.Event(), threading.Event()

    async def under_way():
        try:
            await asyncio.Event().wait()
        finally:  # the loop has taken its list of what it ends
            ending.set()
            await asyncio.to_thread(asked.wait, 30)

    call = loop.begin(under_way())
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    try:
        assert ending.wait(30)
        with pytest.raises(ClientClosedError, match="closed, or its process is ending"):
            loop.begin(asyncio.Event().wait())
    finally:
        asked.set()
        stopping.join()
    with pytest.raises(ClientClosedError):
        result_of(call)
