"""A task at hand, and the messages that are made of it."""

import asyncio
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from service.bridge.answers import Answers
from service.bridge.lanes import Lane, lane_name
from service.bridge.session import Session
from service.bridge.task import Call, Caller
from service.delivery import envelope as names
from service.delivery.copies import copy_of
from service.delivery.envelope import Envelope
from service.delivery.topology import TIER_HEADER
from service.handlers.pipeline import Input


@dataclass(slots=True)
class Job:
    """A task at hand."""

    session: Session
    answers: Answers
    queue: str
    message: AbstractIncomingMessage
    caller: Caller
    call: Call
    sender: Envelope
    began: float
    event: Input | None = None
    clock: asyncio.Timeout | None = None
    terminated: bool = False
    """Whether its caller has revoked it meanwhile."""


def same(job: Job) -> aio_pika.Message:
    """Return the task as it came, attempts and all."""
    sender = job.sender
    kept = {
        names.ATTEMPT: sender.attempt,
        names.FIRST_ERROR: sender.first_error,
        names.FIRST_FAILED_AT: sender.first_failed_at,
        names.EXCHANGE: sender.exchange,
        names.ROUTING_KEY: sender.routing_key,
    }
    copy = copy_of(job.message)
    copy.headers.update({key: value for key, value in kept.items() if value is not None})
    return copy


def parked(job: Job, lane: Lane) -> aio_pika.Message:
    """Return the task as it is sent to wait."""
    copy = same(job)
    copy.headers[TIER_HEADER] = lane_name(lane.delay)
    copy.expiration = lane.expiration
    return copy
