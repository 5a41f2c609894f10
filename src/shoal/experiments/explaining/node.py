"""A node of a task's trace: one thing that took time, what it was part of, and what all of it took. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from shoal.runtime.journal.entries import DONE, OK

PARTIAL = "partial"
CANCELLED = "cancelled"
"""The outcome of a message that its sender took back: no failure, mostly a member that was not waited for any more."""
_NO_FAILURE = frozenset({DONE, OK, PARTIAL, CANCELLED, "", "submitted"})


class Kind(StrEnum):
    """What a node is."""

    TASK = "task"
    MESSAGE = "message"
    """A message that an agent handled."""
    MODEL = "model"
    TOOL = "tool"
    BOARD = "board"
    EFFECT = "effect"
    DEAD_LETTER = "dead_letter"
    """A message that no handler took."""
    GAP = "gap"
    """A message that others name as their cause, and that is not in the journal."""


class Sums(NamedTuple):
    """What a node and all under it took."""

    messages: int = 0
    calls: int = 0
    """Requests to models, those that failed included."""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    priced: bool = True
    """Whether all prices are known; else ``usd`` is too low."""
    failed: int = 0
    """Nodes that did not end well."""

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            self.messages + other.messages,
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.usd + other.usd,
            self.priced and other.priced,
            self.failed + other.failed,
        )


class Note(NamedTuple):
    """Something that happened to an agent meanwhile."""

    at: float
    kind: str
    """An event's: ``exited``, ``restarting``, ``gave_up``, ..."""
    agent: str
    text: str


@dataclass(slots=True, eq=False)
class Node:
    """One thing that took time. Nodes are the same only if they are one object."""

    id: str
    """Of its span: 16 hex digits."""
    kind: Kind
    name: str
    """A message's tag, a model, a tool, a board's operation."""
    agent: str
    """Who did it; of a message who handled it."""
    at: float | None
    """When it began, since 1970; ``None``: not known."""
    took_s: float | None = None
    """``None``: not known, or not ended."""
    outcome: str = ""
    """``done``, ``ok``, or what went wrong."""
    sender: str = ""
    queued_s: float | None = None
    """How long a message waited in its mailbox before."""
    message_id: str = ""
    """Of a message, in hex digits."""
    cause: str = ""
    """The id of the message whose handling sent it, or in whose handling it happened; empty: none."""
    size: int = 0
    ask: bool = False
    attempt: int = 0
    """How often its handling had been tried before, by policy."""
    run_again: int = 0
    """How often the message had been handled before: its agent died, or its task was submitted again."""
    data: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    inferred: bool = False
    """Whether its place in the tree is a guess."""
    children: list[Node] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)

    @property
    def failed(self) -> bool:
        """Whether it went wrong."""
        return self.kind is not Kind.GAP and self.outcome not in _NO_FAILURE

    @property
    def arrived_at(self) -> float | None:
        """When a message came into its mailbox; of all else when it began."""
        return None if self.at is None else self.at - (self.queued_s or 0.0)

    @property
    def ended_at(self) -> float | None:
        """When it ended; ``None``: not known."""
        return None if self.at is None or self.took_s is None else self.at + self.took_s

    def own_sums(self) -> Sums:
        """What it took itself."""
        data = self.data if self.kind is Kind.MODEL else {}
        return Sums(
            messages=int(self.kind is Kind.MESSAGE),
            calls=whole(data.get("attempts")),
            input_tokens=whole(data.get("input_tokens")),
            output_tokens=whole(data.get("output_tokens")),
            usd=number(data.get("usd")),
            priced=data.get("priced", True) is not False,
            failed=int(self.failed and self.kind is not Kind.TASK),
        )

    def walk(self) -> Iterator[tuple[int, Node]]:
        """It and all under it, each with its depth, every node before those under it. Takes trees of any depth."""
        waiting = [(0, self)]
        while waiting:
            depth, node = waiting.pop()
            yield depth, node
            waiting.extend((depth + 1, child) for child in reversed(node.children))


def whole(value: Any) -> int:
    """A count that was recorded; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def number(value: Any) -> float:
    """A figure that was recorded; 0 for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
