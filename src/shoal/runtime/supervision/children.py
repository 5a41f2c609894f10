"""The children of one supervisor: where each is, in start order, found by id, token or ref.

Every look-up and change is O(1) but for the walks that a strategy asks for: a dynamic supervisor has tens of
thousands of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from shoal.runtime.supervision.exits import Exit
from shoal.runtime.supervision.requests import ChildInfo, Status
from shoal.runtime.supervision.specs import ChildSpec


class Phase(Enum):
    """What a child's supervisor knows of its process."""

    STARTING = auto()
    RUNNING = auto()
    STOPPING = auto()
    EXITED = auto()
    """It ended by itself, and that still waits to be dealt with."""
    RESTARTING = auto()
    """It waits for its next start."""
    DOWN = auto()


LIVE = frozenset({Phase.STARTING, Phase.RUNNING, Phase.STOPPING})
"""Phases in which there is, or may be, a process; exactly then the child has a token."""


class Child:
    """One child and its present incarnation."""

    __slots__ = (
        "extra",
        "id",
        "last_exit",
        "phase",
        "ran_s",
        "ref",
        "restarts",
        "restarts_in_row",
        "reviving",
        "spec",
        "started_at",
        "token",
        "turn",
    )

    def __init__(self, id: str, spec: ChildSpec, extra: Any = None) -> None:
        self.id = id
        self.spec = spec
        self.extra = extra
        self.phase = Phase.DOWN
        self.token: int | None = None
        self.ref: str | None = None
        self.last_exit: Exit | None = None
        self.started_at = 0.0
        self.ran_s = 0.0
        """How long its last incarnation ran; 0 for one that did not come up."""
        self.restarts = 0
        self.restarts_in_row = 0
        """Since it last ran long enough to be well again: what backoff counts."""
        self.reviving = False
        """Whether its start is a restart."""
        self.turn = 0
        """Goes up whenever its phase changes: what was planned for an earlier turn is void."""

    @property
    def status(self) -> Status:
        """The phase as others see it."""
        if self.phase is Phase.STARTING:
            return Status.RESTARTING if self.reviving else Status.STARTING
        return _STATUS[self.phase]

    def info(self) -> ChildInfo:
        """The child as of now."""
        return ChildInfo(
            self.id, self.status, self.spec.kind, self.token, self.ref, self.restarts, self.last_exit
        )


_STATUS = {
    Phase.RUNNING: Status.RUNNING,
    Phase.STOPPING: Status.STOPPING,
    Phase.EXITED: Status.RESTARTING,
    Phase.RESTARTING: Status.RESTARTING,
    Phase.DOWN: Status.DOWN,
}


class Children:
    """All children, and the indexes to find them by."""

    def __init__(self) -> None:
        self._by_id: dict[str, Child] = {}
        self._by_token: dict[int, Child] = {}
        self._by_ref: dict[str, Child] = {}
        self.running = 0
        """Children whose process is up (not those that are starting or being stopped)."""

    def __iter__(self) -> Iterator[Child]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, child: Child) -> None:
        """Put it last in start order."""
        self._by_id[child.id] = child

    def remove(self, child: Child) -> None:
        """Forget it; it has no process."""
        del self._by_id[child.id]
        child.turn += 1

    def by_id(self, id: str) -> Child | None:
        """The child of this id."""
        return self._by_id.get(id)

    def by_token(self, token: int) -> Child | None:
        """The child whose present incarnation this is."""
        return self._by_token.get(token)

    def by_ref(self, ref: str) -> Child | None:
        """The child that answers at this address."""
        return self._by_ref.get(ref)

    def from_child_on(self, child: Child) -> list[Child]:
        """The child and those after it, in start order."""
        found: list[Child] = []
        for other in self._by_id.values():
            if found or other is child:
                found.append(other)
        return found

    def enter(self, child: Child, phase: Phase) -> None:
        """Move to a phase; one without a process drops token and ref."""
        self.running += (phase is Phase.RUNNING) - (child.phase is Phase.RUNNING)
        child.phase = phase
        child.turn += 1
        if phase not in LIVE:
            self._drop(child)

    def begin_incarnation(self, child: Child, token: int) -> None:
        """A start is under way."""
        child.token = token
        self._by_token[token] = child
        self.enter(child, Phase.STARTING)

    def adopt(self, child: Child, token: int, ref: str) -> None:
        """It runs already, as this incarnation."""
        child.token = token
        self._by_token[token] = child
        self.enter(child, Phase.RUNNING)
        self.set_ref(child, ref)

    def set_ref(self, child: Child, ref: str) -> None:
        """Its process answers here."""
        child.ref = ref
        self._by_ref[ref] = child

    def _drop(self, child: Child) -> None:
        if child.token is not None:
            self._by_token.pop(child.token, None)
            child.token = None
        if child.ref is not None:
            # Another child may have been given the same address meanwhile.
            if self._by_ref.get(child.ref) is child:
                del self._by_ref[child.ref]
            child.ref = None
