"""The asynchronous client against the real broker and the real service."""

import asyncio
import dataclasses
import pickle

import pytest
from aio_pika import Message
from pydantic import ValidationError
from yarl import URL

from schemas import DocumentDeleted, DocumentFailed, DocumentProcessed, DocumentSubmitted
from service.client import (
    AccessRefusedError,
    AsyncDocgraph,
    ClientClosedError,
    CompletionTimeoutError,
    CompletionUnavailableError,
    DocumentFailedError,
    NotConfirmedError,
    PartlySubmittedError,
    Receipt,
    UnroutableError,
    WrongLoopError,
)
from service.client.receipts import utcnow
from tests.support.processes import free_port


@pytest.fixture
async def docgraph(service, rabbitmq_url):
    async with AsyncDocgraph(rabbitmq_url) as docgraph:
        yield docgraph


async def test_a_document_is_submitted_and_its_completion_waited_for(docgraph, graph):
    receipt = await docgraph.submit("guide", text="Bees live in a hive.", title="Bees", metadata={"team": "garden"})
    completion = await docgraph.wait(receipt)
    assert (completion.outcome, completion.document_id) == ("created", "guide")
    assert (completion.causation_id, completion.version) == (receipt.event_id, receipt.version)
    assert (await graph.document("guide"))["title"] == "Bees"


async def test_of_two_submissions_without_a_version_the_later_one_is_the_newer_one(docgraph):
    first = await docgraph.submit("a", text="First words.")
    second = await docgraph.submit("a", text="Second words.")
    assert second.version > first.version
    assert (await docgraph.wait(second)).outcome in {"created", "updated"}


async def test_what_was_submitted_long_before_waiting_is_not_missed(docgraph):
    receipts = [await docgraph.submit(f"d{number}", text="Some text.") for number in range(5)]
    await docgraph.submit_and_wait("last", text="Some text.")  # by now the others are answered
    for receipt in receipts:
        assert (await docgraph.wait(receipt)).document_id == receipt.document_id


async def test_a_receipt_can_be_waited_for_by_another_client_and_more_than_once(docgraph, rabbitmq_url):
    receipt = await docgraph.submit("a", text="Some text.")
    first = await docgraph.wait(receipt)
    stored = dataclasses.asdict(receipt)
    async with AsyncDocgraph(rabbitmq_url) as other:
        assert await other.wait(Receipt(**stored)) == first
        assert await other.wait(pickle.loads(pickle.dumps(receipt))) == first


async def test_two_tasks_may_wait_for_one_receipt(docgraph):
    receipt = await docgraph.submit("a", text="Some text.")
    one, two = await asyncio.gather(docgraph.wait(receipt), docgraph.wait(receipt))
    assert one == two


async def test_a_failure_is_raised_with_all_that_the_service_says(docgraph):
    with pytest.raises(DocumentFailedError) as caught:
        await docgraph.submit_and_wait("broken", data=b"%PDF-1.4 and nothing more")
    error = pickle.loads(pickle.dumps(caught.value))  # as Celery and multiprocessing do
    for failed in (caught.value, error):
        assert (failed.document_id, failed.reason, failed.attempts, failed.confirmed) == ("broken", "corrupt", 1, True)
        assert "expected a PDF" in failed.detail
        assert failed.detail in str(failed)
        assert failed.receipt.document_id == "broken"


async def test_bytes_and_files_are_submitted_as_they_are(docgraph, graph, tmp_path):
    page = tmp_path / "nest.html"
    page.write_bytes(b"<title>Nest</title><h1>Nest</h1><p>Wasps build paper nests.")
    await docgraph.wait(await docgraph.submit_file(page, "page"))
    assert (await graph.document("page"))["title"] == "Nest"
    notes = tmp_path / "notes.md"
    notes.write_text("# Hive\n\nBees live in a hive.", encoding="utf-8")
    receipt = await docgraph.submit_file(notes, title="Own title", version=3)
    assert (receipt.document_id, receipt.version) == (notes.as_posix(), 3)
    await docgraph.wait(receipt)
    assert (await graph.document(notes.as_posix()))["title"] == "Own title"


async def test_a_deletion_is_answered_too(docgraph):
    await docgraph.submit_and_wait("a", text="Some text.", version=1)
    assert (await docgraph.wait(await docgraph.delete("a", version=2))).outcome == "removed"
    assert (await docgraph.wait(await docgraph.delete("never", version=1))).outcome == "absent"


async def test_a_repeat_under_the_same_event_id_is_answered_alike_and_changes_nothing(docgraph, graph):
    receipt = await docgraph.submit("a", text="Once only.", version=1)
    first = await docgraph.wait(receipt)
    again = await docgraph.submit("a", text="Once only.", version=1, event_id=receipt.event_id)
    assert (await docgraph.wait(again)).outcome == first.outcome == "created"
    assert (await graph.counts())["chunks"] == 1


async def test_many_are_confirmed_in_bulk_and_bounded_in_flight(docgraph):
    read, confirmed, ahead = 0, 0, 0

    async def documents():
        nonlocal read, ahead
        for number in range(300):
            read += 1
            ahead = max(ahead, read - confirmed)
            yield {"document_id": f"d{number}", "text": "Some text.", "version": 1}
        yield DocumentDeleted(document_id="d0", version=2)

    def progress(count):
        nonlocal confirmed
        assert count > confirmed
        confirmed = count

    receipts = await docgraph.submit_many(documents(), in_flight=20, progress=progress)
    assert [receipt.document_id for receipt in receipts] == [*(f"d{number}" for number in range(300)), "d0"]
    assert confirmed == 301
    assert ahead <= 22  # in flight, one that waits for its place, and the count a turn behind
    assert len({receipt.event_id for receipt in receipts}) == 301
    assert (await docgraph.wait(receipts[299])).outcome == "created"
    assert (await docgraph.wait(receipts[300])).outcome in {"removed", "absent"}


async def test_when_some_of_many_cannot_be_sent_it_is_told_which(docgraph):
    documents = [{"document_id": "a", "text": "x", "version": 1}, {"document_id": "b"}]
    with pytest.raises(PartlySubmittedError, match="place 1") as caught:
        await docgraph.submit_many(documents)
    assert [receipt.document_id for receipt in caught.value.receipts] == ["a"]
    assert isinstance(caught.value.failures[1], ValidationError)


async def test_an_error_of_the_source_or_of_the_progress_leaves_nothing_behind(docgraph):
    def documents():
        yield {"document_id": "a", "text": "x"}
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        await docgraph.submit_many(documents())
    with pytest.raises(TypeError):
        await docgraph.submit_many([{"document_id": "a", "text": "x"}], progress=lambda: None)


async def test_completions_are_selected_by_correlation_id_and_kind(docgraph):
    async with docgraph.completions(correlation_id="import-7", idle=30) as completions:
        await docgraph.submit("other", text="Some text.")
        await docgraph.submit("mine", text="Some text.", correlation_id="import-7")
        await docgraph.submit("broken", data=b"%PDF-1.4", correlation_id="import-7")
        found = [await anext(completions), await anext(completions)]
    assert {(type(one), one.document_id) for one in found} == {(DocumentProcessed, "mine"), (DocumentFailed, "broken")}
    since = min(one.occurred_at for one in found)
    again = docgraph.completions(since=since, kinds={"document.failed"}, idle=1)
    assert [one.document_id async for one in again] == ["broken"]


async def test_completions_from_a_time_on_are_read_from_the_journal(docgraph):
    early = await docgraph.submit_and_wait("early", text="Some text.")
    late = await docgraph.submit_and_wait("late", text="Some text.")
    found = [one async for one in docgraph.completions(since=early.occurred_at, idle=1)]
    assert found == [early, late]
    assert [one async for one in docgraph.completions(since=late.occurred_at, idle=1)] == [late]


async def test_an_iteration_ends_though_others_are_answered_all_the_time(docgraph, broker):
    exchange = await broker.channel.get_exchange("documents.completions", ensure=False)

    async def others():
        while True:
            await exchange.publish(Message(b"{}", type="document.processed", timestamp=utcnow()), "document.processed")
            await asyncio.sleep(0.05)

    answering = asyncio.create_task(others())
    try:
        async with asyncio.timeout(30), docgraph.completions(correlation_id="mine", idle=1) as completions:
            await docgraph.submit("mine", text="Some text.", correlation_id="mine")
            assert [one.document_id async for one in completions] == ["mine"]
        assert not answering.done()
    finally:
        answering.cancel()


async def test_attaching_to_completions_is_bounded_and_leaves_nothing_behind():
    async with AsyncDocgraph(f"amqp://127.0.0.1:{free_port()}/", submit_timeout=0.3) as docgraph:
        with pytest.raises(NotConfirmedError, match=r"within 0\.3 s.*Connect"):
            await docgraph.completions().__aenter__()
        completions = docgraph.completions(idle=0.1)  # idle or not cannot be told
        for _ in range(2):
            with pytest.raises(NotConfirmedError, match=r"within 0\.3 s.*Connect"):
                await anext(completions)
        entering = asyncio.create_task(docgraph.completions().__aenter__())
        await asyncio.sleep(0)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "docgraph client: journal"]


async def test_a_closed_iteration_says_so_each_time(docgraph):
    async with docgraph.completions() as completions:
        waiting = [asyncio.create_task(anext(completions)) for _ in range(2)]
        await asyncio.sleep(0)
    for call in (*waiting, anext(completions), anext(completions)):
        with pytest.raises(ClientClosedError, match="closed"):
            await call


async def test_events_made_elsewhere_are_sent_as_they_are(docgraph):
    event = DocumentSubmitted(document_id="a", version=9, text="Some text.", language="en")
    receipt = await docgraph.send(event, event_id="order-7", correlation_id="orders")
    assert (receipt.event_id, receipt.version, receipt.correlation_id) == ("order-7", 9, "orders")
    assert (await docgraph.wait(receipt)).causation_id == "order-7"


async def test_what_is_not_answered_in_time_can_be_waited_for_again(service, rabbitmq_url):
    async with AsyncDocgraph(rabbitmq_url) as docgraph:
        receipt = await docgraph.submit("a", text="Some text.")
        unknown = dataclasses.replace(receipt, event_id="never-sent")
        with pytest.raises(CompletionTimeoutError, match="never-sent") as caught:
            await docgraph.wait(unknown, timeout=0.2)
        assert caught.value.receipt == unknown
        assert caught.value.confirmed
        assert (await docgraph.wait(receipt)).outcome == "created"


async def test_an_event_that_is_none_is_refused_before_anything_is_sent():
    async with AsyncDocgraph("amqp://127.0.0.1:1/") as docgraph:
        with pytest.raises(ValidationError, match="exactly one of text, data and uri"):
            await docgraph.submit("a", text="x", uri="s3://b/c")


async def test_without_a_broker_the_event_is_certainly_not_sent():
    async with AsyncDocgraph(f"amqp://127.0.0.1:{free_port()}/") as docgraph:
        for call in (docgraph.submit("a", text="x", timeout=0.3), docgraph.submit_and_wait("a", text="x", timeout=0.3)):
            with pytest.raises(NotConfirmedError, match=r"within 0\.3 s.*Connect") as caught:
                await call
            assert caught.value.confirmed is False


async def test_a_vhost_on_which_the_service_never_ran_is_told(rabbitmq_url):
    async with AsyncDocgraph(rabbitmq_url) as docgraph:
        for call in (docgraph.submit("a", text="x"), docgraph.submit_and_wait("a", text="x"), docgraph.connect()):
            with pytest.raises(UnroutableError, match="no exchange 'documents'"):
                await call


async def test_a_refused_user_is_told_at_once(rabbitmq_url):
    async with AsyncDocgraph(str(URL(rabbitmq_url).with_password("wrong"))) as docgraph:
        with pytest.raises(AccessRefusedError, match="user or its password"):
            await docgraph.submit("a", text="x")


async def test_a_vhost_that_is_refused_is_told_when_the_time_is_up(rabbitmq_url):
    # RabbitMQ refuses one that does not exist and one that is starting alike.
    async with AsyncDocgraph(str(URL(rabbitmq_url).with_path("/nowhere"))) as docgraph:
        with pytest.raises(NotConfirmedError, match="refuses the vhost"):
            await docgraph.submit("a", text="x", timeout=0.5)


async def test_a_closed_client_says_so_and_a_wait_under_way_ends(docgraph):
    receipt = await docgraph.submit("a", text="x")
    waiting = asyncio.create_task(docgraph.wait(dataclasses.replace(receipt, event_id="never-sent")))
    await docgraph.wait(receipt)
    await docgraph.aclose()
    with pytest.raises(CompletionUnavailableError, match="closed"):
        await waiting
    with pytest.raises(ClientClosedError):
        await docgraph.submit("a", text="x")
    with pytest.raises(ClientClosedError):
        docgraph.completions()


async def test_submissions_under_way_are_confirmed_before_the_client_closes(service, rabbitmq_url):
    async with AsyncDocgraph(rabbitmq_url) as docgraph:
        tasks = [asyncio.create_task(docgraph.submit(f"d{number}", text="x")) for number in range(50)]
        await asyncio.sleep(0)
    assert len({receipt.event_id for receipt in await asyncio.gather(*tasks)}) == 50


async def test_another_event_loop_is_refused_with_the_remedy(docgraph):
    await docgraph.connect()
    with pytest.raises(WrongLoopError, match="use Docgraph"):
        await asyncio.to_thread(lambda: asyncio.run(docgraph.submit("a", text="x")))
