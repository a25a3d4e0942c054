"""Properties that pamqp refuses do not end the reading of frames: what is readable is read, the rest is named."""

import struct

import pytest
from pamqp import commands, frame, header

from service.delivery.envelope import UNREADABLE
from service.delivery.tolerance import tolerate_any_properties
from tests.support.properties import RawProperties, headers_of, raw

DELIVERIES = b"\x10x-delivery-countb\x02"


@pytest.fixture(autouse=True)
def tolerant():
    tolerate_any_properties()


def read(**properties: bytes) -> commands.Basic.Properties:
    """Send a content header with these properties over the wire, so to speak."""
    wire = frame.marshal(header.ContentHeader(body_size=3, properties=RawProperties(**properties)), 1)
    consumed, channel, read = frame.unmarshal(wire)
    assert (consumed, channel, read.body_size) == (len(wire), 1, 3)
    return read.properties


UNREADABLE_ONES = {
    "message_id": {"message_id": b"\x03\xe9t\xe9"},
    "correlation_id": {"correlation_id": b"\x01\xff"},
    "message_type": {"message_type": b"\x02\xc3\x28"},
    "app_id": {"app_id": b"\x01\x80"},
    "timestamp": {"timestamp": struct.pack(">Q", 1_795_000_000_000_000)},
    "header b'\\xe9'": {"headers": headers_of(b"\x01\xe9S" + struct.pack(">I", 1) + b"x")},
    "header b'at'": {"headers": headers_of(b"\x02atT" + struct.pack(">Q", 1 << 63))},
    "header b'odd'": {"headers": headers_of(b"\x03oddA" + struct.pack(">I", 2) + b"??")},
}


@pytest.mark.parametrize("name", UNREADABLE_ONES)
def test_a_property_that_cannot_be_read_is_left_out_and_named_and_the_others_are_read(name):
    read_ = read(**{"content_type": raw("text/plain"), "reply_to": raw("me")} | UNREADABLE_ONES[name])
    assert (read_.content_type, read_.reply_to) == ("text/plain", "me")
    assert read_.headers[UNREADABLE].startswith(f"{name}: ")
    assert (read_.message_id, read_.correlation_id, read_.timestamp, read_.app_id) == (None, None, None, None)


def test_the_brokers_own_headers_are_read_beside_an_unreadable_one():
    read_ = read(headers=headers_of(b"\x01\xe9t\x01" + DELIVERIES + b"\x04nameF" + struct.pack(">I", 0)))
    assert read_.headers.pop(UNREADABLE).startswith("header b'\\xe9'")
    assert read_.headers == {"x-delivery-count": 2, "name": {}}


def test_tables_nested_without_end_are_left_out():
    nested = b""
    for _ in range(2000):
        nested = b"\x01aF" + struct.pack(">I", len(nested)) + nested
    read_ = read(headers=headers_of(DELIVERIES + nested))
    assert read_.headers.pop(UNREADABLE).startswith("header b'a'")
    assert read_.headers == {"x-delivery-count": 2}


def test_properties_that_are_in_order_are_read_as_they_are():
    given = commands.Basic.Properties(
        content_type="application/json", headers={"a": [1, {"b": None}]}, delivery_mode=2, message_id="é"
    )
    wire = frame.marshal(header.ContentHeader(properties=given), 1)
    assert frame.unmarshal(wire)[2].properties == given


def test_the_routing_key_of_a_delivery_is_read_whatever_it_holds():
    wire = frame.marshal(commands.Basic.Deliver("tag", 1, False, "documents", "key"), 1).replace(b"key", b"k\xe9y")
    _, _, delivery = frame.unmarshal(wire)
    assert (delivery.exchange, delivery.routing_key) == ("documents", "k\ufffdy")
