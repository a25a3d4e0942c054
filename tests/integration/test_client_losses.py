"""The client while its connection, its queue or its confirms get lost. The service keeps its own connection."""

import asyncio

import pytest
from yarl import URL

from service.client import (
    AccessRefusedError,
    AsyncDocgraph,
    CompletionUnavailableError,
    ConfirmationUnknownError,
    DocumentProcessed,
    Receipt,
    TooLargeError,
)
from tests.support.proxy import Proxy
from tests.support.vhosts import private_stack


@pytest.fixture
async def proxy(service, rabbitmq_url):
    url = URL(rabbitmq_url)
    async with Proxy(url.host, url.port) as proxy:
        yield proxy


@pytest.fixture
async def docgraph(proxy, rabbitmq_url):
    async with AsyncDocgraph(str(URL(rabbitmq_url).with_port(proxy.port))) as docgraph:
        yield docgraph


async def listening(docgraph):
    async with asyncio.timeout(30):
        await docgraph._listener.live()


async def sending(docgraph):
    async with asyncio.timeout(30):
        while not docgraph._publisher.deadlines._open:
            await asyncio.sleep(0)


async def not_listening(docgraph):
    async with asyncio.timeout(30):
        while docgraph._listener.is_live:
            await asyncio.sleep(0.01)


async def test_an_event_whose_confirm_got_lost_is_sent_again_under_the_same_id(docgraph, proxy, broker, graph):
    await docgraph.connect()
    proxy.freeze()
    submitting = asyncio.create_task(docgraph.submit("a", text="Once only."))
    await asyncio.sleep(0.1)  # on its way, or not: it must not matter
    await proxy.cut()
    await asyncio.sleep(0.1)
    assert not submitting.done()
    await proxy.restore()
    receipt = await submitting
    assert (await docgraph.wait(receipt)).outcome == "created"
    assert (await graph.counts())["chunks"] == 1
    assert {message.correlation_id for message in broker.completions} <= {receipt.event_id}


async def test_an_event_without_a_confirm_may_have_arrived_and_can_be_sent_again(docgraph, proxy, graph):
    await docgraph.connect()
    proxy.freeze()
    with pytest.raises(ConfirmationUnknownError, match="sending it again under its id is safe") as caught:
        await docgraph.submit("a", text="Once only.", version=1, timeout=0.3)
    lost = caught.value.receipt
    assert caught.value.confirmed is None
    proxy.thaw()
    receipt = await docgraph.submit("a", text="Once only.", version=1, event_id=lost.event_id)
    assert (await docgraph.wait(receipt)).outcome == "created"
    assert (await docgraph.wait(lost)).causation_id == lost.event_id
    assert (await graph.counts())["chunks"] == 1


async def test_an_event_that_may_have_arrived_is_not_denied_when_sending_it_again_is_refused(user, proxy):
    url = URL(await asyncio.to_thread(user, "^$", "^documents$", "^$")).with_port(proxy.port)
    async with AsyncDocgraph(str(url)) as docgraph:
        await docgraph.connect()
        proxy.freeze()
        submitting = asyncio.create_task(docgraph.submit("a", text="x"))
        await sending(docgraph)
        await asyncio.to_thread(private_stack().rabbitmq.ctl, "change_password", "limited", "another")
        await proxy.cut()
        await proxy.restore()
        with pytest.raises(ConfirmationUnknownError, match="user or its password") as caught:
            await submitting
        assert caught.value.confirmed is None
        assert caught.value.receipt.document_id == "a"


async def test_closing_the_client_does_not_hide_that_an_event_is_confirmed(docgraph, proxy, rabbitmq_url):
    await listening(docgraph)
    proxy.freeze()
    submitting = asyncio.create_task(docgraph.submit_and_wait("a", text="x"))
    await sending(docgraph)
    closing = asyncio.create_task(docgraph.aclose(30))
    await asyncio.sleep(0)
    proxy.thaw()
    with pytest.raises(CompletionUnavailableError, match="closed meanwhile") as caught:
        await submitting
    await closing
    assert caught.value.confirmed is True
    async with AsyncDocgraph(rabbitmq_url) as another:
        assert (await another.wait(caught.value.receipt)).outcome == "created"


async def test_a_completion_in_the_gap_is_found_for_those_who_wait_and_those_who_will(docgraph, proxy, broker):
    await listening(docgraph)
    body = {"document_id": "a", "version": 1, "text": "Some text."}
    receipts = []
    for number in range(4):  # tracked by the client as sent by it, and published only in the gap, by somebody else
        receipts.append(docgraph_receipt(f"gap-{number}"))
        docgraph._inbox.expect(receipts[-1], may_be_missed=False)
    waiting = [asyncio.create_task(docgraph.wait(receipt, 90)) for receipt in receipts[:2]]
    await asyncio.sleep(0)
    await proxy.cut()
    await not_listening(docgraph)
    for number, receipt in enumerate(receipts):
        await broker.publish("document.submitted", body | {"document_id": f"d{number}"}, message_id=receipt.event_id)
        await broker.answer(receipt.event_id)
    await proxy.restore()
    found = [*await asyncio.gather(*waiting), *[await docgraph.wait(receipt, 90) for receipt in receipts[2:]]]
    assert [completion.causation_id for completion in found] == [receipt.event_id for receipt in receipts]


def docgraph_receipt(event_id):
    return Receipt(event_id, "a", 1, "document.submitted", event_id)


async def test_an_iteration_goes_on_where_it_was_without_a_gap_or_a_repeat(docgraph, proxy, broker):
    async with docgraph.completions(idle=60) as completions:
        ids = [await broker.submit(f"d{number}") for number in range(3)]
        await broker.until(3)
        found = [await anext(completions)]  # two are here and unread
        await proxy.cut()
        ids += [await broker.submit(f"e{number}") for number in range(3)]
        await broker.until(6)
        await proxy.restore()
        while len(found) < 6:
            found.append(await anext(completions))
    assert sorted(one.causation_id for one in found) == sorted(ids)


async def test_an_iteration_that_has_seen_nothing_yet_misses_nothing_either(docgraph, proxy, broker):
    async with docgraph.completions(idle=60) as completions:
        await proxy.cut()
        id_ = await broker.submit("a")
        await broker.answer(id_)
        await proxy.restore()
        assert (await anext(completions)).causation_id == id_


async def test_a_queue_that_is_deleted_under_the_client_is_noticed(service, rabbitmq_url):
    if (stack := private_stack()) is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    vhost = URL(rabbitmq_url).path.strip("/")
    async with AsyncDocgraph(rabbitmq_url) as docgraph:
        await listening(docgraph)
        (own,) = await exclusive_queues(stack, vhost)
        name = f'rabbit_misc:r(<<"{vhost}">>, queue, <<"{own}">>)'
        erase = f'{{ok, Q}} = rabbit_amqqueue:lookup({name}), rabbit_amqqueue:delete(Q, false, false, <<"test">>), ok.'
        await asyncio.to_thread(stack.rabbitmq.ctl, "eval", erase)
        async with asyncio.timeout(30):
            while await exclusive_queues(stack, vhost) in ([], [own]):
                await asyncio.sleep(0.1)
        assert isinstance(await docgraph.submit_and_wait("a", text="x"), DocumentProcessed)


async def exclusive_queues(stack, vhost):
    queues = await asyncio.to_thread(stack.rabbitmq.ctl, "list_queues", "-p", vhost, "name")
    return [name for name in queues.split("\n") if name.startswith("amq")]


async def test_an_event_over_the_brokers_size_is_refused_and_others_go_on(docgraph):
    if (stack := private_stack()) is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    limit = "application:set_env(rabbit, max_message_size, {}), persistent_term:put(max_message_size, {})."
    await asyncio.to_thread(stack.rabbitmq.ctl, "eval", limit.format(100_000, 100_000))
    try:
        large, small = await asyncio.gather(
            docgraph.submit("large", text="x" * 200_000), docgraph.submit("small", text="x"), return_exceptions=True
        )
    finally:
        await asyncio.to_thread(stack.rabbitmq.ctl, "eval", limit.format(134217728, 134217728))
    assert isinstance(large, TooLargeError), large
    assert "at most 100000 bytes" in str(large)
    assert (await docgraph.wait(small)).outcome == "created"


GUIDE = r"^amq\.gen-.*$", r"^(documents|amq\.gen-.*)$", r"^(documents\.completions(\.journal)?|amq\.gen-.*)$"
"""The permissions that the guide names: to configure, to write, to read."""


@pytest.fixture
def user(service, rabbitmq_url):
    """Give a user permissions on this test's vhost: to configure, to write, to read. Returns the user's URL."""
    if (stack := private_stack()) is None:
        pytest.skip("this RabbitMQ is not ours to trouble")
    vhost = URL(rabbitmq_url).path.strip("/")
    stack.rabbitmq.ctl("add_user", "limited", "limited")

    def permit(*permissions):
        stack.rabbitmq.ctl("set_permissions", "-p", vhost, "limited", *permissions)
        return str(URL(rabbitmq_url).with_user("limited").with_password("limited"))

    yield permit
    stack.rabbitmq.ctl("delete_user", "limited")


async def test_a_user_who_may_only_write_can_submit_and_is_told_that_it_cannot_wait(user):
    async with AsyncDocgraph(await asyncio.to_thread(user, "^$", "^documents$", "^$")) as docgraph:
        receipt = await docgraph.submit("a", text="x")
        with pytest.raises(CompletionUnavailableError, match="ACCESS_REFUSED") as caught:
            await docgraph.wait(receipt)
        assert caught.value.receipt == receipt
        with pytest.raises(AccessRefusedError, match="permission"):  # before anything is sent
            await docgraph.submit_and_wait("b", text="x")


async def test_a_user_who_may_not_read_the_journal_is_told_by_each_call_of_an_iteration(user):
    async with AsyncDocgraph(await asyncio.to_thread(user, "^$", "^documents$", "^$")) as docgraph:
        with pytest.raises(AccessRefusedError, match="permission"):
            await docgraph.completions().__aenter__()
        completions = docgraph.completions()
        for _ in range(2):
            with pytest.raises(AccessRefusedError, match="permission"):
                await anext(completions)


async def test_a_user_who_may_not_write_is_told_at_once_for_every_event_in_flight(user):
    async with AsyncDocgraph(await asyncio.to_thread(user, "^$", "^$", "^$")) as docgraph:
        results = await asyncio.gather(
            *(docgraph.submit(f"d{number}", text="x") for number in range(20)), return_exceptions=True
        )
    for error in results:
        assert isinstance(error, AccessRefusedError), error
        assert error.confirmed is False
        assert error.receipt is not None


async def test_a_refusal_of_one_topic_fails_no_event_of_another(user, rabbitmq_url):
    url = await asyncio.to_thread(user, "^$", "^documents$", "^$")
    vhost = URL(rabbitmq_url).path.strip("/")
    limit = ("set_topic_permissions", "-p", vhost, "limited", "documents", r"^document\.submitted$", "^$")
    await asyncio.to_thread(private_stack().rabbitmq.ctl, *limit)
    async with AsyncDocgraph(url) as docgraph:
        calls = [call for n in range(10) for call in (docgraph.submit(f"d{n}", text="x"), docgraph.delete(f"d{n}"))]
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results[::2]} == {Receipt}
    assert {type(result) for result in results[1::2]} <= {AccessRefusedError, ConfirmationUnknownError}
    assert AccessRefusedError in {type(result) for result in results[1::2]}


async def test_what_was_answered_while_listening_was_refused_is_found_once_it_is_permitted(user, broker):
    async with AsyncDocgraph(await asyncio.to_thread(user, "^$", "^documents$", "^$")) as docgraph:
        with pytest.raises(CompletionUnavailableError):
            await docgraph.wait(await docgraph.submit("a", text="x"))
        receipt = await docgraph.submit("b", text="x")
        await broker.answer(receipt.event_id)
        await asyncio.to_thread(user, *GUIDE)
        assert (await docgraph.wait(receipt)).outcome == "created"


async def test_the_permissions_that_the_guide_names_are_enough(user):
    url = await asyncio.to_thread(user, *GUIDE)
    async with AsyncDocgraph(url) as docgraph:
        receipt = await docgraph.submit("a", text="x")
        assert (await docgraph.wait(receipt)).outcome == "created"
        assert [one.document_id async for one in docgraph.completions(since=receipt.submitted_at, idle=1)] == ["a"]
