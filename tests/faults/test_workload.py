"""The plan is what the issue asks for, and the same each time. No servers."""

from collections import Counter

import pytest

from schemas import DocumentDeleted, DocumentSubmitted, Reason
from tests.faults.workload import LONG, SHORT, make_plan


@pytest.mark.parametrize("size", [SHORT, LONG], ids=["short", "long"])
def test_the_plan_has_its_shares(size):
    plan = make_plan(size, 7)
    kinds = Counter(message.routing_key for message in plan.messages.values())
    assert len(plan.messages) == size.messages
    assert len(plan.publications) == size.messages + size.messages // 10
    assert kinds[DocumentDeleted.kind] == size.messages // 100
    assert len(plan.poison) == size.messages // 100
    assert set(plan.poison.values()) == {Reason.INVALID_EVENT, Reason.CORRUPT, Reason.UNSUPPORTED_MEDIA_TYPE}
    assert len(plan.expected) == size.documents
    assert sum(expected.text is None for expected in plan.expected.values()) == size.messages // 200


def test_the_order_is_random_and_the_same_for_a_seed():
    plan, again, other = make_plan(SHORT, 7), make_plan(SHORT, 7), make_plan(SHORT, 8)
    assert plan.publications == again.publications
    assert plan.publications != other.publications
    versions = [message.version for message in plan.publications if message.document_id == "document-3"]
    assert versions != sorted(versions)


def test_every_good_message_can_be_read_and_most_poison_cannot():
    for message in make_plan(SHORT, 7).messages.values():
        kind = DocumentDeleted if message.removes else DocumentSubmitted
        if message.reason is Reason.INVALID_EVENT:
            with pytest.raises(ValueError, match="validation error"):
                kind.read(message.body)
        else:
            event = kind.read(message.body)
            assert (event.document_id, event.order) == (message.document_id, message.version)


def test_poison_would_win_were_it_not_refused():
    plan = make_plan(SHORT, 7)
    last = plan.expected
    assert all(
        message.version > last[message.document_id].version for message in plan.messages.values() if message.reason
    )
