"""The trace of a task: from its submission to its result, who handled what because of what. Pure, in linear time.

The tree is made from what is journaled: a message lies under the handling that sent it, and so do the model calls,
tools and operations on the board that happened in one. What is missing leaves a gap that is named, and
never a message that is left out. A message that was handled twice (its agent died, its task was submitted again) has
two nodes; what they sent lies under the one that ran then. Of a run that journals no messages, all that is known lies
under the task itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from shoal.experiments.explaining.misfits import dead_letters, place_notes
from shoal.experiments.explaining.node import Kind, Node
from shoal.runtime.journal.entries import ASK, MessageEntry, SpanEntry
from shoal.runtime.journal.reader import EventEntry
from shoal.runtime.journal.trace_ids import SPAN_BYTES, message_span_id, trace_id

_SLACK_S = 0.001
"""Clocks of two readings of one moment differ by less."""


class TaskFacts(NamedTuple):
    """A task, and how it ended."""

    run: str
    task: str
    state: str
    """As in the ledger: ``submitted`` (open), ``done``, ``failed``, ``partial`` or ``abandoned``."""
    team: str
    tag: str
    message_id: str
    """Of the message that carries it, in hex digits."""
    attempts: int
    submitted_at: float
    ended_at: float | None
    error: str = ""
    error_text: str = ""
    result_tag: str = ""
    journals_messages: bool = True
    """Whether the run journals messages."""
    dropped: int = 0
    """Messages of the run that were not journaled because the recorder was behind, while the task was open."""


class Trace(NamedTuple):
    """What happened because of a task."""

    facts: TaskFacts
    id: str
    """32 hex digits."""
    root: Node
    missing: tuple[str, ...] = ()
    """What is not there to be shown, and how to get it. Sentences."""

    @property
    def began_at(self) -> float:
        """When the first thing of it was."""
        return min((node.arrived_at or self.facts.submitted_at for _, node in self.root.walk()))

    @property
    def ended_at(self) -> float:
        """When the last thing of it that is known was: later than its result, where somebody went on working."""
        ends = (node.ended_at or node.at or self.facts.submitted_at for _, node in self.root.walk())
        return max(ends)

    @property
    def agents(self) -> tuple[str, ...]:
        """Who handled messages of it, in the order of their first."""
        nodes = [node for _, node in self.root.walk() if node.kind is Kind.MESSAGE]
        return tuple(dict.fromkeys(node.agent for node in sorted(nodes, key=_when)))


def make_trace(
    facts: TaskFacts,
    messages: Iterable[MessageEntry],
    spans: Iterable[SpanEntry] = (),
    events: Iterable[EventEntry] = (),
) -> Trace:
    """The trace of a task from what the journal has of it, in any order.

    ``spans``: one that was noted again, because its message was handled again, counts once. ``events``: dead letters of
    the task, and what happened to agents meanwhile.
    """
    root = _root(facts)
    tree = _Tree(root, flat=not facts.journals_messages)
    handled = sorted((_message(entry) for entry in messages), key=_when)
    tree.add_messages(handled)
    for span in _once(spans):
        tree.add(_span(span))
    events = list(events)
    for letter in dead_letters(events, handled):
        tree.add(letter)
    circles = tree.grow()
    place_notes(events, handled, root)
    return Trace(facts, trace_id(facts.run, facts.task), root, _missing(facts, handled, tree.gaps, circles))


class _Tree:
    """Nodes, and what each lies under."""

    def __init__(self, root: Node, *, flat: bool = False) -> None:
        """``flat``: a cause that is not there is no gap, as none is written down."""
        self.gaps: dict[str, Node] = {}
        self._root = root
        self._flat = flat
        self._handlings: dict[str, list[Node]] = {}
        self._starts: dict[str, list[float]] = {}
        self._parents: dict[Node, Node] = {}

    def add_messages(self, nodes: Sequence[Node]) -> None:
        """All messages, by the time of their handling."""
        for node in nodes:
            handlings = self._handlings.setdefault(node.message_id, [])
            if handlings:
                node.run_again = len(handlings)
                node.id = _again_id(node.message_id, node.run_again)
            handlings.append(node)
        self._starts = {key: [node.at or 0.0 for node in found] for key, found in self._handlings.items()}
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        """A node, under the handling that it is a part of."""
        if not node.cause:
            self._parents[node] = self._root
        elif node.cause in self._handlings:
            self._parents[node] = self._handling(node.cause, node.arrived_at)
        elif self._flat:
            self._parents[node] = self._root
        else:
            self._parents[node] = self._gap(node)

    def grow(self) -> int:
        """Put all nodes into the tree; how many circles of causes were cut. Only a damaged journal has any."""
        circles = self._cut_circles()
        under: dict[Node, list[Node]] = defaultdict(list)
        for node, parent in self._parents.items():
            under[parent].append(node)
        for gap in self.gaps.values():
            gap.at = min((child.at for child in under[gap] if child.at is not None), default=None)
        for parent, children in under.items():
            parent.children = sorted(children, key=_when)
        for _, node in reversed(list(self._root.walk())):
            node.sums = node.own_sums()
            for child in node.children:
                node.sums = node.sums.plus(child.sums)
        return circles

    def _handling(self, message_id: str, at: float | None) -> Node:
        """The handling of a message that ran at a time: of several the last that had begun."""
        handlings = self._handlings[message_id]
        if len(handlings) == 1 or at is None:
            return handlings[0]
        return handlings[max(0, bisect_right(self._starts[message_id], at + _SLACK_S) - 1)]

    def _gap(self, node: Node) -> Node:
        gap = self.gaps.get(node.cause)
        if gap is None:
            agent = node.agent if node.kind not in (Kind.MESSAGE, Kind.DEAD_LETTER) else node.sender
            gap = Node(_span_id_of(node.cause), Kind.GAP, "", agent, None, message_id=node.cause)
            self.gaps[node.cause] = gap
            self._parents[gap] = self._root
        return gap

    def _cut_circles(self) -> int:
        circles = 0
        reach: set[Node] = {self._root}
        for start in list(self._parents):
            path: dict[Node, None] = {}
            node = start
            while node not in reach:
                if node in path:
                    self._parents[node] = self._root
                    circles += 1
                    break
                path[node] = None
                node = self._parents[node]
            reach.update(path)
        return circles


def _root(facts: TaskFacts) -> Node:
    took_s = None if facts.ended_at is None else facts.ended_at - facts.submitted_at
    return Node(
        root_span_id(facts.run, facts.task), Kind.TASK, facts.task, facts.team, facts.submitted_at, took_s,
        facts.state, size=0, run_again=max(0, facts.attempts - 1),
    )  # fmt: skip


def root_span_id(run: str, task: str) -> str:
    """The span of a task itself: the beginning of its trace's id would be taken for another thing."""
    return blake2b(f"{run}\0{task}\0task".encode(errors="surrogatepass"), digest_size=SPAN_BYTES).hexdigest()


def _message(entry: MessageEntry) -> Node:
    return Node(
        _span_id_of(entry.id), Kind.MESSAGE, entry.tag, entry.recipient, entry.at, entry.took_s, entry.outcome,
        sender=entry.sender, queued_s=entry.queued_s, message_id=entry.id, cause=entry.cause or "",
        size=entry.size, ask=entry.kind == ASK, attempt=max(0, entry.attempt - 1),
    )  # fmt: skip


def _span(entry: SpanEntry) -> Node:
    kind = Kind(entry.kind) if entry.kind in _SPANS else Kind.EFFECT
    return Node(
        entry.id, kind, entry.name, entry.agent, entry.at, entry.took_s, entry.outcome, cause=entry.parent,
        data=entry.data,
    )  # fmt: skip


def _once(spans: Iterable[SpanEntry]) -> Iterator[SpanEntry]:
    seen: set[str] = set()
    for span in spans:
        if span.id not in seen:
            seen.add(span.id)
            yield span


def _span_id_of(message_id: str) -> str:
    try:
        return message_span_id(message_id)
    except ValueError:  # an id that is no hex digits: a damaged row
        return blake2b(message_id.encode(errors="surrogatepass"), digest_size=SPAN_BYTES).hexdigest()


def _again_id(message_id: str, time: int) -> str:
    return blake2b(f"{message_id}\0{time}".encode(errors="surrogatepass"), digest_size=SPAN_BYTES).hexdigest()


_SPANS = frozenset({"model", "tool", "board", "effect"})


def _when(node: Node) -> float:
    return node.at if node.at is not None else float("inf")


def _missing(
    facts: TaskFacts, handled: Sequence[Node], gaps: dict[str, Node], circles: int
) -> tuple[str, ...]:
    said = []
    if not facts.journals_messages:
        said.append(
            "this run does not journal messages, so that nobody can say who did what: start it with "
            "journal='messages' (in an experiment file `output: {journal: messages}`)"
        )
    elif not handled:
        said.append(
            "no message of it is in the journal yet: they come a tenth of a second later"
            if facts.ended_at is None
            else "no message of it is in the journal: what a host had not sent when it was killed is missing"
        )
    if gaps:
        count = len(gaps)
        what = (
            "1 message that caused others is" if count == 1 else f"{count:,} messages that caused others are"
        )
        said.append(
            f"{what} not in the journal: being handled still, or its host was killed before it could write it"
        )
    if facts.dropped:
        said.append(
            f"the recorder was behind, and {facts.dropped:,} messages of the run were not journaled meanwhile"
        )
    if circles:
        said.append(
            "some causes in the journal go in a circle: it is damaged, and their order here is a guess"
        )
    return tuple(said)
