"""Publishes that leave together: each is confirmed, refused or lost by itself."""

import asyncio
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aiormq import spec
from yarl import URL

from service.delivery.publishing import LARGEST_WRITE, Publishing
from service.errors import BrokerUnavailableError
from tests.support.proxy import Proxy

FRAME = 131_072
"""Bytes of a frame, at most; RabbitMQ's default."""


@asynccontextmanager
async def connected(url: str, *, confirms: bool = True):
    """A channel to publish on, and an empty queue of it."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
        yield channel, await channel.declare_queue(exclusive=True)


def to(queue: str, number: int, body: bytes = b"") -> dict:
    properties = spec.Basic.Properties(message_id=f"m{number}")
    return {"body": body or str(number).encode(), "exchange": "", "routing_key": queue, "properties": properties}


async def bodies(queue, count: int) -> list[bytes]:
    async with asyncio.timeout(30), queue.iterator(no_ack=True) as messages:
        return [(await anext(messages)).body for _ in range(count)]


async def test_what_is_published_in_one_turn_leaves_in_one_write_and_in_order(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, queue):
        underlay = await channel.get_underlay_channel()
        writes = []
        put = underlay.write_queue.put

        async def counted(write):
            writes.append(write)
            await put(write)

        underlay.write_queue.put = counted
        publishing = Publishing(30)
        await asyncio.gather(*(publishing.publish(channel, **to(queue.name, number)) for number in range(300)))
        assert len(writes) == 1
        assert await bodies(queue, 300) == [str(number).encode() for number in range(300)]
        # And aiormq's own publishes count on from there
        await channel.default_exchange.publish(aio_pika.Message(b"last"), queue.name)
        assert await bodies(queue, 1) == [b"last"]
        assert not underlay.confirmations
        assert not underlay.message_id_delivery_tag


async def test_bodies_of_any_size_arrive_whole(rabbitmq_url):
    sizes = [1, FRAME - 9, FRAME - 8, FRAME - 7, 2 * FRAME, LARGEST_WRITE + 1, 3]
    async with connected(rabbitmq_url) as (channel, queue):
        publishing = Publishing(30)
        sent = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
        await asyncio.gather(
            *(publishing.publish(channel, **to(queue.name, number, body)) for number, body in enumerate(sent))
        )
        assert await bodies(queue, len(sizes)) == sent


async def test_one_that_no_queue_wants_fails_alone(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, queue):
        publishing = Publishing(30)
        targets = [queue.name, "no-such-queue", queue.name]
        results = await asyncio.gather(
            *(publishing.publish(channel, **to(target, number)) for number, target in enumerate(targets)),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), BrokerUnavailableError, type(None)]
        assert "'no-such-queue'" in str(results[1])
        assert await bodies(queue, 2) == [b"0", b"2"]


async def test_one_without_an_id_that_no_queue_wants_fails_too(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, _):
        nowhere = {"exchange": "", "routing_key": "no-such-queue", "properties": spec.Basic.Properties()}
        with pytest.raises(BrokerUnavailableError, match="no-such-queue"):
            await Publishing(30).publish(channel, b"", **nowhere)


async def test_one_that_amqp_cannot_hold_fails_alone(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, queue):
        publishing = Publishing(30)
        results = await asyncio.gather(
            publishing.publish(channel, **to(queue.name, 1)),
            publishing.publish(channel, **to("x" * 256, 2)),
            publishing.publish(channel, **to(queue.name, 3)),
            return_exceptions=True,
        )
        assert [result is None for result in results] == [True, False, True]
        assert "255" in str(results[1])
        await publishing.publish(channel, **to(queue.name, 4))
        assert await bodies(queue, 3) == [b"1", b"3", b"4"]


async def test_one_that_a_full_queue_refuses_fails_alone(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, queue):
        full = await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        publishing = Publishing(30)
        await publishing.publish(channel, **to(full.name, 0))
        results = await asyncio.gather(
            *(
                publishing.publish(channel, **to(target, number))
                for number, target in enumerate([queue.name, full.name])
            ),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), BrokerUnavailableError]


async def test_one_whose_publisher_gives_up_before_it_is_written_is_not_sent(rabbitmq_url):
    async with connected(rabbitmq_url) as (channel, queue):
        publishing = Publishing(30)
        given_up = asyncio.create_task(publishing.publish(channel, **to(queue.name, 0)))
        kept = asyncio.create_task(publishing.publish(channel, **to(queue.name, 1)))
        underlay = await channel.get_underlay_channel()
        async with underlay.lock:
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
        await kept
        assert await bodies(queue, 1) == [b"1"]


async def test_a_channel_that_closes_ends_all_waits_and_the_next_one_works(rabbitmq_url):
    address = URL(rabbitmq_url)
    publishing = Publishing(30)
    async with Proxy(address.host, address.port or 5672) as proxy:
        async with connected(str(address.with_host("127.0.0.1").with_port(proxy.port))) as (channel, queue):
            proxy.freeze()
            waiting = [asyncio.create_task(publishing.publish(channel, **to(queue.name, n))) for n in range(5)]
            await asyncio.sleep(0)
            await proxy.cut()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(result) for result in results} == {BrokerUnavailableError}
            with pytest.raises(BrokerUnavailableError, match="closed"):
                await publishing.publish(channel, **to(queue.name, 9))
        assert not publishing._writers
    async with connected(rabbitmq_url) as (channel, queue):
        await publishing.publish(channel, **to(queue.name, 10))
        assert await bodies(queue, 1) == [b"10"]


async def test_without_confirms_nothing_is_waited_for_and_nothing_returned(rabbitmq_url):
    async with connected(rabbitmq_url, confirms=False) as (channel, queue):
        publishing = Publishing(30)
        # Nobody is there to get the first: no error, as nothing is returned
        await asyncio.gather(
            *(publishing.publish(channel, **to(t, n)) for n, t in enumerate(["no-such-queue", queue.name]))
        )
        assert await bodies(queue, 1) == [b"1"]
        assert not channel.is_closed
