"""A verdict travels with its task, and says the same to whoever hears of it late."""

import json

import pytest
from aio_pika import Message

from service.bridge.results import LONGEST
from service.bridge.task import Caller
from service.bridge.verdict import Verdict
from service.errors import CorruptError

FRAME = 128 * 1024
"""Bytes, RabbitMQ's default: headers must fit into one."""


@pytest.fixture
def caller():
    return Caller.of(Message(b"", headers={"id": "t1", "group": "g1"}, reply_to="replies", correlation_id="t1"))


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.success(b'{"document_id": "a \\"result\\": null", "chunks": {"added": 1}}'),
        Verdict.failure(CorruptError("no PDF")),
        Verdict.revoked("expired"),
    ],
    ids=lambda verdict: verdict.status,
)
def test_a_verdict_that_was_carried_along_says_the_same(verdict, caller):
    verdict.followed.append("f1")
    carried = Verdict.read(verdict.write())
    assert carried == verdict
    document = json.loads(carried.told_to(caller, ["f1"]))
    assert (document["status"], document["task_id"], document["group_id"]) == (verdict.status, "t1", "g1")
    assert document["result"] == json.loads(verdict.result)
    assert document["children"] == [[["f1", None], None]]


@pytest.mark.parametrize("header", [None, "", "{", "[]", '{"status": "SUCCESS"}', '{"colour": "red"}', 7])
def test_what_is_no_verdict_leaves_the_task_to_be_done(header):
    assert Verdict.read(header) is None


def test_a_verdict_with_a_long_text_fits_into_a_frame():
    error = CorruptError("ż" * 1_000_000)
    assert len(Verdict.failure(error).write()) < FRAME * 2 / 3
    assert "ż" * LONGEST in Verdict.failure(error).traceback
