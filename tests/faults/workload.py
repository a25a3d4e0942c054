"""The plan of a run: every message, the order of its publications, and what the graph must hold in the end. Pure."""

import base64
import json
import os
import random
import uuid
from dataclasses import dataclass, field

from schemas import DocumentDeleted, DocumentSubmitted, Reason

TWICE = 10
"""One message in so many is published twice."""
DELETED = 100
"""One in so many is a deletion."""
POISONOUS = 100
"""One in so many is poison."""


@dataclass(frozen=True)
class Size:
    """How much is sent, how fast, and how long servers are frozen."""

    messages: int
    documents: int
    per_second: float
    """Publications a second at most: more than the service takes, so that it is hit with its hands full."""
    ahead: int
    """Publications that may run ahead of the answers while a fault is still to come: it then meets a load, and a load
    is left for afterwards. More than are published twice, as those bring no answer of their own."""
    broker_frozen: float
    """Seconds."""
    graph_frozen: float
    """Seconds."""
    one_commit_in: int
    """One transaction in so many is committed and then reported as failed."""
    one_publish_in: int
    answered_within: float
    """Seconds from the last confirm to the last completion."""


SHORT = Size(
    600, 60, 200, 120, broker_frozen=5, graph_frozen=8, one_commit_in=20, one_publish_in=100, answered_within=60
)
LONG = Size(
    10_000,
    1000,
    500,
    2000,
    broker_frozen=20,
    graph_frozen=30,
    one_commit_in=100,
    one_publish_in=100,
    answered_within=180,
)


def chosen_size() -> Size:
    """The long form when `DOCGRAPH_FAULTS=long`."""
    return LONG if os.environ.get("DOCGRAPH_FAULTS") == "long" else SHORT


@dataclass(frozen=True, slots=True)
class Message:
    """One event. Published twice it is the same message, with the same id."""

    id: str
    routing_key: str
    body: bytes
    document_id: str
    version: int
    reason: Reason | None = None
    """Why it must fail; None when it is good."""

    @property
    def removes(self) -> bool:
        return self.routing_key == DocumentDeleted.kind


@dataclass(frozen=True, slots=True)
class Expected:
    """What the graph must hold of one document in the end: its highest version and nothing else."""

    version: int
    event_id: str
    text: str | None
    """None: a tombstone."""


@dataclass
class Plan:
    """What is sent."""

    messages: dict[str, Message] = field(default_factory=dict)
    publications: list[Message] = field(default_factory=list)
    """In the order in which the publishers take them."""

    def add(self, message: Message) -> None:
        self.messages[message.id] = message

    @property
    def poison(self) -> dict[str, Reason]:
        return {id_: message.reason for id_, message in self.messages.items() if message.reason is not None}

    @property
    def expected(self) -> dict[str, Expected]:
        last: dict[str, Message] = {}
        for message in self.messages.values():
            before = last.get(message.document_id)
            if message.reason is None and (before is None or message.version > before.version):
                last[message.document_id] = message
        return {id_: Expected(m.version, m.id, None if m.removes else text_of(m)) for id_, m in last.items()}


def make_plan(size: Size, seed: int) -> Plan:
    """Return the same plan for the same size and seed."""
    rng = random.Random(seed)
    plan = Plan()
    poison = max(size.messages // POISONOUS, len(POISONS))
    deletions = max(size.messages // DELETED, 2)
    versions = {f"document-{number}": 0 for number in range(size.documents)}
    good: list[tuple[str, int]] = []
    for number in range(size.messages - poison):
        document_id = f"document-{number % size.documents}"
        versions[document_id] += 1
        good.append((document_id, versions[document_id]))
    # Every other deletion is its document's last word, the others are followed by submissions.
    last = rng.sample(sorted(versions.items()), deletions // 2)
    removed = {*last, *rng.sample(sorted(set(good) - set(versions.items())), deletions - len(last))}
    for document_id, version in good:
        plan.add((_deletion if (document_id, version) in removed else _submission)(rng, document_id, version))
    # Poison bears the name of a good document and a version above all: were it not refused, it would win.
    for number in range(poison):
        document_id = rng.choice(sorted(versions))
        plan.add(_poison(rng, number % len(POISONS), document_id, versions[document_id] + 1 + number))
    messages = list(plan.messages.values())
    plan.publications = messages + rng.sample(messages, len(messages) // TWICE)
    rng.shuffle(plan.publications)
    return plan


def text_of(message: Message) -> str:
    """Return the text of a good submission."""
    text = json.loads(message.body)["text"]
    assert isinstance(text, str)
    return text


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _submission(rng: random.Random, document_id: str, version: int) -> Message:
    # The first paragraph stays the same through all versions, so that chunks are kept as well as made and removed.
    same = (
        f"The lighthouse {document_id} stands on the northern cliff. Its keeper trims the lamp at dusk and writes "
        "every passing ship into the log, with its harbour, its cargo and the weather."
    )
    counted = (
        f"In watch {version} the keeper of {document_id} counted {rng.randrange(1000)} ships. The fog horn answered "
        f"{rng.randrange(100)} of them, and {rng.choice(('no', 'one', 'two'))} boats came back to the harbour."
    )
    closed = (
        f"Watch {version} ended with wind of force {rng.randrange(12)}. The log of {document_id} was closed and the "
        "lamp was put out when the sun stood above the sea."
    )
    text = f"{same}\n\n{counted}\n\n{closed}"
    body = {"document_id": document_id, "version": version, "text": text, "language": "en"}
    return Message(_id(rng), DocumentSubmitted.kind, json.dumps(body).encode(), document_id, version)


def _deletion(rng: random.Random, document_id: str, version: int) -> Message:
    body = {"document_id": document_id, "version": version}
    return Message(_id(rng), DocumentDeleted.kind, json.dumps(body).encode(), document_id, version)


def _poison(rng: random.Random, kind: int, document_id: str, version: int) -> Message:
    make, reason = POISONS[kind]
    return Message(_id(rng), DocumentSubmitted.kind, make(document_id, version), document_id, version, reason)


def _broken_json(document_id: str, version: int) -> bytes:
    return f'{{"document_id": "{document_id}", "version": {version}, "text": "It breaks'.encode()


def _wrong_type(document_id: str, version: int) -> bytes:
    return json.dumps({"document_id": document_id, "version": f"after {version - 1}", "text": "Text."}).encode()


def _no_order(document_id: str, version: int) -> bytes:
    return json.dumps({"document_id": document_id, "text": f"This should be version {version}."}).encode()


def _corrupt_pdf(document_id: str, version: int) -> bytes:
    data = base64.b64encode(f"%PDF-1.7\nno object of version {version} follows".encode()).decode()
    fields = {"document_id": document_id, "version": version, "data": data, "media_type": "application/pdf"}
    return json.dumps(fields).encode()


def _unsupported(document_id: str, version: int) -> bytes:
    data = base64.b64encode(b"\x00\x01\x02").decode()
    fields = {"document_id": document_id, "version": version, "data": data, "media_type": "video/mp4"}
    return json.dumps(fields).encode()


POISONS = (
    (_broken_json, Reason.INVALID_EVENT),
    (_wrong_type, Reason.INVALID_EVENT),
    (_no_order, Reason.INVALID_EVENT),
    (_corrupt_pdf, Reason.CORRUPT),
    (_unsupported, Reason.UNSUPPORTED_MEDIA_TYPE),
)
