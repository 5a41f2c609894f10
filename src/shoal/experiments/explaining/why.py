"""Why a task's answer is what it is: from the answer back through what its handlers had received. Pure.

Recorded is who sent what to whom, when each handling began and ended, which model was called in it, what was read from
the board and who had written that. Inferred is that an answer depends on all of it: a handler that had received
something may have used it. An answer that came after its asker had ended cannot have been used, and is shown as late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.runtime.journal.entries import DONE

_SLACK_S = 0.001
_WRITES = frozenset(
    {
        "put",
        "delete",
        "deleteprefix",
        "post",
        "complete",
        "fail",
        "giveback",
        "grant",
        "revoke",
        "transaction",
        "compact",
    }
)
"""Operations on the board, as their spans name them. A claim reads what is to be done."""


_BOARDS = "board/"
"""With which the addresses of boards begin."""


class Role(StrEnum):
    """What something was for what it stands under."""

    ANSWER = "answered"
    """The handling that gave the task's answer, or the answer to an ask of what it stands under."""
    HEARD = "heard before"
    """A message that the same agent had handled before, for the same task."""
    SENT_BY = "sent by"
    """The handling that sent it."""
    MODEL = "model said"
    TOOL = "tool said"
    READ = "read"
    WROTE = "wrote"
    WRITER = "written by"
    """The handling that wrote what was read."""
    LATE = "too late"
    """An answer that came when its asker had ended."""
    NO_ANSWER = "no answer"
    EFFECT = "did once"


class Written(NamedTuple):
    """A version of an entry on the board."""

    region: str
    key: str
    revision: int
    version: int
    author: str
    """Empty: the board itself."""
    message_id: str
    """In hex digits; empty: none."""
    task: str | None
    at: float
    value: str
    """The beginning of it, as text."""


class Link(NamedTuple):
    """A line of the walk."""

    depth: int
    role: Role
    node: Node | None
    """``None``: a version that nobody of this task wrote."""
    recorded: bool
    """Whether the journal shows that it went into what it stands under; else it may have."""
    said: str | None = None
    """The beginning of what came of it; ``None``: that is not recorded."""
    written: Written | None = None
    shown_above: bool = False
    """Whether what it rests on stands further up already."""


class Why(NamedTuple):
    """What a task's answer rests on."""

    trace: Trace
    answer: str
    """The beginning of it, as text; empty: there is none."""
    links: tuple[Link, ...]
    members: Mapping[str, str]
    """Of a fan-out that says so: each member, and whether it counted or why not."""
    unknown: tuple[str, ...]
    """What cannot be told. Sentences."""


class _Step(NamedTuple):
    depth: int
    role: Role
    node: Node | None
    until: float
    recorded: bool
    written: Written | None = None


class Walk:
    """From a task's answer back to its message."""

    def __init__(
        self, trace: Trace, said: Mapping[Node, str], versions: Mapping[Node, Iterable[Written]]
    ) -> None:
        """``said``: what models answered, by their nodes; ``versions``: what was read, by the board's."""
        self._trace = trace
        self._said = said
        self._versions = versions
        self._parents: dict[Node, Node] = {}
        self._by_id: dict[str, list[Node]] = defaultdict(list)
        self._by_agent: dict[str, list[Node]] = defaultdict(list)
        for _, node in trace.root.walk():
            for child in node.children:
                self._parents[child] = node
            if node.kind is Kind.MESSAGE:
                self._by_id[node.message_id].append(node)
                self._by_agent[node.agent].append(node)
        for nodes in self._by_agent.values():
            nodes.sort(key=_end)
        self._ends = {agent: [_end(node) for node in nodes] for agent, nodes in self._by_agent.items()}
        self._heard: dict[str, int] = {}
        self._seen: set[Node] = set()

    def links(self) -> list[Link]:
        """All there is, what came last first, each handling once. Takes time for what is there, and any depth.

        Where no messages are journaled, it is what lies under the task itself: nobody knows in which handling it was.
        """
        answering = self.answering()
        found = []
        if answering is not None:
            role = Role.NO_ANSWER if answering.failed else Role.ANSWER
            waiting = [_Step(0, role, answering, _end(answering), True)]
        else:
            waiting = sorted(self._parts(self._trace.root, 0, float("inf")), key=_step_time)
        while waiting:
            step = waiting.pop()
            node = step.node
            again = node is not None and node.kind is Kind.MESSAGE and node in self._seen
            said = self._said.get(node) if node is not None else None
            found.append(Link(step.depth, step.role, node, step.recorded, said, step.written, again))
            if node is None or again or step.role is Role.LATE:
                continue
            if node.kind is Kind.MESSAGE:
                self._seen.add(node)
            under = sorted(self._under(step, node), key=_step_time)
            waiting.extend(under)
        return found

    def answering(self) -> Node | None:
        """The handling that gave the task's answer: of its message the last that ended well, else the last."""
        nodes = self._by_id.get(self._trace.facts.message_id) or [
            child for child in self._trace.root.children if child.kind is Kind.MESSAGE
        ]
        good = [node for node in nodes if node.outcome == DONE]
        return max(good or nodes, key=_end, default=None)

    def _under(self, step: _Step, node: Node) -> Iterable[_Step]:
        depth = step.depth + 1
        if node.kind is Kind.BOARD:
            yield from self._of_board(depth, node)
        if node.kind is not Kind.MESSAGE:
            return
        yield from self._parts(node, depth, step.until)  # also of one that failed: what it had is why
        for heard in self._heard_before(node, step.until):
            yield _Step(depth, Role.HEARD, heard, _end(heard), False)
        sender = self._parents.get(node)
        if step.role in (Role.HEARD, Role.WRITER) and sender is not None and sender.kind is Kind.MESSAGE:
            yield _Step(depth, Role.SENT_BY, sender, node.arrived_at or _end(sender), True)

    def _parts(self, node: Node, depth: int, until: float) -> Iterable[_Step]:
        for child in node.children:
            role = _role(child, until)
            if role is not None:
                yield _Step(depth, role, child, min(_end(child), until), _is_recorded(role))

    def _of_board(self, depth: int, node: Node) -> Iterable[_Step]:
        if writes(node):
            return
        for written in self._versions.get(node, ()):
            writers = [
                one for one in self._by_id.get(written.message_id, ()) if _begin(one) <= written.at + _SLACK_S
            ]
            writer = max(writers, key=_begin, default=None)
            yield _Step(depth, Role.WRITER, writer, written.at, True, written)

    def _heard_before(self, node: Node, until: float) -> list[Node]:
        """What the same agent had handled of the task before, each given once: the next time it is further up."""
        nodes = self._by_agent[node.agent]
        known = self._heard.get(node.agent, 0)
        count = bisect_right(self._ends[node.agent], until + _SLACK_S)
        self._heard[node.agent] = max(known, count)
        return [one for one in nodes[known:count] if one is not node and one not in self._seen]


def explain(
    trace: Trace,
    *,
    answer: str = "",
    said: Mapping[Node, str] | None = None,
    versions: Mapping[Node, Iterable[Written]] | None = None,
    members: Mapping[str, str] | None = None,
    unread: Mapping[Node, str] | None = None,
) -> Why:
    """What a task's answer rests on; see the module. ``answer``, ``members``: what the answer says.

    ``unread``: operations on the board of which cannot be told what they read, or not all, and why.
    """
    links = Walk(trace, said or {}, versions or {}).links()
    return Why(trace, answer, tuple(links), members or {}, tuple(_unknown(trace, links, unread or {})))


def _role(child: Node, until: float) -> Role | None:
    """What a part of a handling was for its end; ``None``: nothing, as what it told somebody."""
    if child.kind is Kind.DEAD_LETTER:
        return Role.NO_ANSWER
    if child.kind is Kind.MESSAGE:
        if not child.ask or child.agent.startswith(_BOARDS):
            return None  # what was asked of a board stands there as the operation
        if _end(child) > until + _SLACK_S:
            return Role.LATE
        return Role.ANSWER if child.outcome == DONE else Role.NO_ANSWER
    if _begin(child) > until + _SLACK_S:
        return None
    if child.kind is Kind.BOARD:
        return Role.WROTE if writes(child) else Role.READ
    return {Kind.MODEL: Role.MODEL, Kind.TOOL: Role.TOOL, Kind.EFFECT: Role.EFFECT}.get(child.kind)


def operation_of(node: Node) -> str:
    """What a node of the board did, as its span names it."""
    return str(node.data.get("operation") or node.name.partition(" ")[0])


def writes(node: Node) -> bool:
    """Whether an operation on the board writes."""
    return operation_of(node) in _WRITES


def _is_recorded(role: Role) -> bool:
    """Whether the journal shows that it came there before the end: of an answer it does not show that it was used."""
    return role is not Role.EFFECT


def _unknown(trace: Trace, links: list[Link], unread: Mapping[Node, str]) -> Iterable[str]:
    yield from trace.missing
    if not links and trace.facts.journals_messages:
        yield "which message led to the answer is not in the journal"
    if any(_is_silent(link) for link in links):
        yield "what a model answered is not recorded for all calls: agents keep it in the run's state files"
    yield from dict.fromkeys(
        unread[link.node]
        for link in links
        if link.written is None and link.node is not None and link.node in unread
    )


def _is_silent(link: Link) -> bool:
    """Whether a model answered, and nobody knows what. A call that failed has no answer."""
    return link.role is Role.MODEL and link.said is None and link.node is not None and not link.node.failed


def _end(node: Node) -> float:
    return node.ended_at if node.ended_at is not None else float("inf")


def _begin(node: Node) -> float:
    return node.at if node.at is not None else float("-inf")


def _step_time(step: _Step) -> float:
    """Steps are taken from the end of a list: the last to end comes first."""
    if step.node is None:
        return step.written.at if step.written is not None else 0.0
    return _end(step.node)
