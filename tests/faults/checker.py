"""The verdict, in the terms of RabbitMQ's Jepsen tests. Pure: from what was planned and seen to what is wrong.

attempted   publications tried, repeats included
confirmed   publications that the broker confirmed
lost        confirmed messages that no completion answers
unexpected  completions that nothing asked for: of an unknown message, a failure of a good one, a success of poison,
            under another id than the repeat before, or with another outcome
duplicated  completions beyond the first of their message; allowed, as they are recognisable
unjournaled confirmed publications that the journal lacks; allowed only when the broker has restarted
recovered   messages that were there although their confirm was not, or that came back by replay; allowed
effects     events that say they changed the graph, per document and version: one for the version that wins, never two
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import DocumentFailed, DocumentProcessed, DocumentRemoved, Reason, completion_id
from tests.faults.workload import Message, Plan

SUPERSEDED = "superseded"
# They differ from one answer to its repeat.
_OF_THE_ATTEMPT = ("occurred_at", "duration_ms", "attempt", "attempts", "detail", "error")


@dataclass(frozen=True)
class Completion:
    """One message of the completions' journal."""

    message_id: str | None
    kind: str
    body: Mapping[str, Any]

    @property
    def causation_id(self) -> str:
        return str(self.body.get("causation_id"))

    @property
    def changed_the_graph(self) -> bool:
        return self.kind != DocumentFailed.kind and self.body.get("outcome") != SUPERSEDED

    @property
    def content(self) -> dict[str, Any]:
        return {key: value for key, value in self.body.items() if key not in _OF_THE_ATTEMPT}


@dataclass(frozen=True)
class Node:
    """What the graph holds of one document."""

    version: int
    event_id: str
    text: str | None
    """None: a tombstone."""


@dataclass
class Seen:
    """What a run has shown."""

    attempted: int = 0
    confirmed: Counter[str] = field(default_factory=Counter)
    """Confirmed publications by message id."""
    journal: Counter[str] = field(default_factory=Counter)
    """Copies in the inputs' journal by message id."""
    journal_may_have_gaps: bool = False
    """The broker has restarted: for up to half a second RabbitMQ 3.10 then confirms publishes that never arrive in a
    stream, also without this service. They are counted, but they are not the service's."""
    completions: Sequence[Completion] = ()
    answered_before_replay: frozenset[str] | None = None
    """Message ids; None when nothing was replayed."""
    dead: Sequence[tuple[str, str]] = ()
    """Message id and reason of each dead letter."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Messages in each queue, held ones included."""
    graph: Mapping[str, Node] = field(default_factory=dict)
    graph_problems: Sequence[str] = ()
    resumed: Sequence[float | None] = ()
    """Seconds from the end of each fault to the next completion; None when there was none."""
    peak_memory: int = 0
    """Bytes."""


@dataclass
class Verdict:
    """The figures, and what is wrong."""

    attempted: int
    confirmed: int
    lost: int
    unexpected: int
    duplicated: int
    recovered: int
    unjournaled: int
    effects: tuple[int, int]
    """Least and most effects of a winning version, or of any version when that is more."""
    resumed: float | None
    peak_memory: int
    problems: list[str]

    @property
    def passed(self) -> bool:
        return not self.problems

    def line(self, name: str) -> str:
        least, most = self.effects
        effects = str(least) if least == most else f"{least}-{most}"
        resumed = "-" if self.resumed is None else f"{self.resumed:.1f} s"
        return (
            f"{name}: attempted {self.attempted}, confirmed {self.confirmed}, lost {self.lost}, "
            f"unexpected {self.unexpected}, duplicated {self.duplicated}, recovered {self.recovered}, "
            f"effects per document {effects}, time to resume {resumed}, peak memory {self.peak_memory >> 20} MiB"
            + (f", unjournaled {self.unjournaled}" if self.unjournaled else "")
            + ("" if self.passed else f" - {len(self.problems)} PROBLEMS")
        )


def judge(plan: Plan, seen: Seen) -> Verdict:
    """Return the verdict on a run."""
    answers: dict[str, list[Completion]] = defaultdict(list)
    for completion in seen.completions:
        answers[completion.causation_id].append(completion)
    lost = [id_ for id_ in seen.confirmed if id_ not in answers]
    unexpected = [problem for id_, given in answers.items() for problem in _unexpected(plan, id_, given)]
    effects, effect_problems = _effects(plan, answers)
    resumed = [seconds for seconds in seen.resumed if seconds is not None]
    problems = [
        *(f"lost: {_name(plan, id_)} was confirmed and never answered" for id_ in lost),
        *(f"unexpected: {problem}" for problem in unexpected),
        *effect_problems,
        *_unconfirmed(plan, seen),
        *_dead(plan, seen),
        *(f"left over: {count} messages in {queue}" for queue, count in seen.left.items() if count),
        *_graph(plan, seen),
        *(["never resumed: no completion after the end of a fault"] if None in seen.resumed else []),
    ]
    return Verdict(
        attempted=seen.attempted,
        confirmed=seen.confirmed.total(),
        lost=len(lost),
        unexpected=len(unexpected),
        duplicated=sum(len(given) - 1 for id_, given in answers.items() if id_ in plan.messages),
        recovered=_recovered(seen, answers),
        unjournaled=(seen.confirmed - seen.journal).total(),
        effects=effects,
        resumed=max(resumed, default=None),
        peak_memory=seen.peak_memory,
        problems=problems,
    )


def _name(plan: Plan, id_: str) -> str:
    message = plan.messages.get(id_)
    return f"{id_} (unknown)" if message is None else f"{id_} ({message.document_id} version {message.version})"


def _unexpected(plan: Plan, id_: str, given: Sequence[Completion]) -> list[str]:
    name = _name(plan, id_)
    message = plan.messages.get(id_)
    if message is None:
        return [f"{completion.kind} for {name}, which was never sent" for completion in given]
    problems = []
    for completion in given:
        if completion.kind != _kind(message):
            said = completion.body.get("reason") or completion.body.get("outcome")
            problems.append(f"{completion.kind} ({said}) for {name}, expected {_kind(message)}")
        elif message.reason is not None and completion.body.get("reason") != message.reason:
            problems.append(f"reason {completion.body.get('reason')} for {name}, expected {message.reason}")
        if completion.message_id != completion_id(id_, completion.kind):
            problems.append(f"id {completion.message_id} of a {completion.kind} for {name}, not derived from its input")
    # A repeat after a newer version says `superseded`. Apart from that every repeat says the same.
    said = [completion.content for completion in given if completion.changed_the_graph]
    if any(content != said[0] for content in said):
        problems.append(f"repeats that differ for {name}: {said}")
    return problems


def _kind(message: Message) -> str:
    if message.reason is not None:
        return DocumentFailed.kind
    return DocumentRemoved.kind if message.removes else DocumentProcessed.kind


def _effects(plan: Plan, answers: Mapping[str, Sequence[Completion]]) -> tuple[tuple[int, int], list[str]]:
    effects: dict[tuple[str, int], set[str]] = defaultdict(set)
    for given in answers.values():
        for completion in given:
            if completion.changed_the_graph:
                key = (str(completion.body.get("document_id")), int(completion.body.get("version", -1)))
                effects[key].add(str(completion.message_id))
    last = {(id_, expected.version) for id_, expected in plan.expected.items()}
    counts = [len(effects[key]) for key in last]
    problems = [
        f"effects: {len(effects[key])} of {key[0]} version {key[1]}, expected one"
        for key in sorted(last | set(effects))
        if len(effects[key]) > 1 or (key in last and not effects[key])
    ]
    return (min(counts, default=0), max(map(len, effects.values()), default=0)), problems


def _unconfirmed(plan: Plan, seen: Seen) -> list[str]:
    published = Counter(message.id for message in plan.publications)
    problems = [
        f"unfinished: {_name(plan, id_)} was confirmed {seen.confirmed[id_]} times, expected {times}"
        for id_, times in published.items()
        if seen.confirmed[id_] != times
    ]
    if seen.journal_may_have_gaps:
        return problems
    problems += [
        f"not in the journal: {_name(plan, id_)} was confirmed {times} times and is there {seen.journal[id_]} times"
        for id_, times in seen.confirmed.items()
        if seen.journal[id_] < times
    ]
    return problems


def _recovered(seen: Seen, answers: Mapping[str, Sequence[Completion]]) -> int:
    unconfirmed = sum(max(times - seen.confirmed[id_], 0) for id_, times in seen.journal.items())
    if seen.answered_before_replay is None:
        return unconfirmed
    return unconfirmed + len(set(answers) - seen.answered_before_replay)


def _dead(plan: Plan, seen: Seen) -> list[str]:
    poison = plan.poison
    found: dict[str, set[str]] = defaultdict(set)
    for id_, reason in seen.dead:
        found[id_].add(reason)
    problems = []
    for id_ in sorted(poison.keys() | found.keys()):
        expected: set[str | Reason] = {poison[id_]} if id_ in poison else set()
        if found[id_] != expected:
            problems.append(
                f"dead letters: {_name(plan, id_)} lies there for {sorted(found[id_])}, expected {sorted(expected)}"
            )
    return problems


def _graph(plan: Plan, seen: Seen) -> list[str]:
    expected = plan.expected
    problems = list(seen.graph_problems)
    for id_ in sorted(expected.keys() | seen.graph.keys()):
        want, have = expected.get(id_), seen.graph.get(id_)
        if want is None or have is None:
            problems.append(f"graph: {id_} is {'not ' if have is None else ''}there, expected the opposite")
        elif (want.version, want.event_id) != (have.version, have.event_id):
            problems.append(
                f"graph: {id_} is at version {have.version} of {have.event_id}, "
                f"expected {want.version} of {want.event_id}"
            )
        elif _words(want.text) != _words(have.text):
            problems.append(f"graph: the text of {id_} is not that of version {want.version}: {have.text!r}")
    return problems


def _words(text: str | None) -> list[str] | None:
    # Chunks come without the white space between them.
    return None if text is None else text.split()
