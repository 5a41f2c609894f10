"""What one key of a region must do when its operations come one after the other: the specification of the checker.

A key is a register that is read, written, deleted and compared-and-set, with etcd's revisions: each write of the region
makes a revision higher than all before, an entry carries the one that made it, and answers say at which they were
given. A record need not have them all (``None``: not known), and a write whose answer never came made one that nobody
was told: the register then holds the bounds of it, and a later answer that shows it settles it. So a search never
guesses revisions.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple


class Unsaid(Enum):
    """A value that an answer does not show, or that a write does not expect (``None`` is: nothing is there)."""

    UNSAID = "unsaid"


UNSAID = Unsaid.UNSAID


@dataclass(frozen=True, slots=True)
class Read:
    """What is at the key now (reads at an old revision are no part of a history)."""


@dataclass(frozen=True, slots=True)
class Write:
    """Set the key, or delete it (``None``), when what is there is as expected."""

    value: Hashable | None
    expected_revision: int | None = None
    """The modify revision that the entry must have; 0: there must be none; ``None``: any."""
    expected_value: Hashable | Literal[Unsaid.UNSAID] | None = UNSAID


Request = Read | Write


class Answer(NamedTuple):
    """What a client was told. A certain answer: without one the outcome is unknown."""

    done: bool = True
    """For a write: whether it was done. A refused one met another state than it expected, a refused deletion may have
    found nothing to delete."""
    revision: int | None = None
    """Of the region: made by the write that was done; else newest when it was answered."""
    value: Hashable | Literal[Unsaid.UNSAID] | None = UNSAID
    """What was there: for a read, or a write that was refused."""
    mod: int | None = None
    """The modify revision of what was there, likewise; 0: nothing."""


class Hidden(NamedTuple):
    """A revision that is not known: over ``after``, at most ``upto``, and none of ``never``."""

    after: int
    upto: int = sys.maxsize
    never: frozenset[int] = frozenset()

    @property
    def lowest(self) -> int:
        """The lowest that it can be."""
        revision = self.after + 1
        while revision in self.never:
            revision += 1
        return revision

    def may_be(self, revision: int) -> bool:
        """Whether it can be this one."""
        return self.after < revision <= self.upto and revision not in self.never

    def narrowed(self, *, upto: int | None = None, never: int | None = None) -> Hidden | None:
        """With one bound more; ``None`` when nothing is left."""
        hidden = Hidden(
            self.after,
            self.upto if upto is None else min(self.upto, upto),
            self.never if never is None else self.never | {never},
        )
        return hidden if hidden.lowest <= hidden.upto else None


class Register(NamedTuple):
    """The state of one key."""

    value: Hashable | None = None
    commit: int | Hidden = 0
    """Revision of the write that left it so."""
    newest: int = 0
    """The newest revision of the region that is known to be reached."""

    @property
    def reached(self) -> int:
        """The lowest revision that the region can be at now."""
        return self.newest if isinstance(self.commit, int) else max(self.newest, self.commit.lowest)

    def pinned(self, mod: int) -> Register | None:
        """With the entry's modify revision seen; ``None`` when it is another."""
        if self.value is None:
            return self if mod == 0 else None
        if isinstance(self.commit, int):
            return self if mod == self.commit else None
        return Register(self.value, mod, max(self.newest, mod)) if self.commit.may_be(mod) else None

    def at(self, revision: int) -> Register | None:
        """With the region's revision seen; ``None`` when it is past that."""
        if revision < self.reached:
            return None
        if isinstance(self.commit, int):
            return self if revision == self.newest else self._replace(newest=revision)
        commit = self.commit.narrowed(upto=revision)
        return None if commit is None else Register(self.value, commit, revision)

    def seen(self, answer: Answer) -> Register | None:
        """With what an answer shows of it; ``None`` when it shows something else."""
        if answer.value is not UNSAID and answer.value != self.value:
            return None
        register: Register | None = self
        if answer.mod is not None:
            register = self.pinned(answer.mod)
        if register is not None and answer.revision is not None:
            register = register.at(answer.revision)
        return register

    def covers(self, other: Register) -> bool:
        """Whether every answer that ``other`` can still give this one can give too."""
        if self.value is None and isinstance(self.commit, int):
            return other.value is None and self.newest <= other.reached
        if self.value != other.value or self.newest > other.newest:
            return False
        if isinstance(self.commit, int) or isinstance(other.commit, int):
            if isinstance(self.commit, Hidden) and isinstance(other.commit, int):
                return self.commit.may_be(other.commit)
            return self.commit == other.commit
        mine, theirs = self.commit, other.commit
        return mine.after <= theirs.after and mine.upto >= theirs.upto and mine.never <= theirs.never

    def describe(self) -> str:
        """For people."""
        what = "nothing" if self.value is None else repr(self.value)
        if isinstance(self.commit, int):
            return f"{what} of revision {self.commit}" if self.commit else what
        upto = "" if self.commit.upto == sys.maxsize else f", at most {self.commit.upto}"
        return f"{what} of a revision over {self.commit.after}{upto}"


def apply(register: Register, request: Request, answer: Answer | None) -> Register | None:
    """The state after an operation; ``None`` when it cannot be answered so in this state.

    ``answer=None``: nobody was told, and the operation was done.
    """
    if isinstance(request, Read):
        return register if answer is None else register.seen(answer)
    if answer is not None and not answer.done:
        seen = register.seen(answer)
        return None if seen is None else _refusing(seen, request)
    return _done(register, request, None if answer is None else answer.revision)


def _refusing(register: Register, request: Write) -> Register | None:
    if request.expected_value is not UNSAID and request.expected_value != register.value:
        return register
    if request.value is None and register.value is None:
        return register
    expected = request.expected_revision
    if expected is None:
        return None
    if register.value is None:
        return register if expected != 0 else None
    if isinstance(register.commit, int):
        return register if expected != register.commit else None
    if not register.commit.may_be(expected):
        return register
    commit = register.commit.narrowed(never=expected)
    return None if commit is None else register._replace(commit=commit)


def _done(register: Register, request: Write, revision: int | None) -> Register | None:
    if request.expected_value is not UNSAID and request.expected_value != register.value:
        return None
    if request.value is None and register.value is None:
        return None
    if request.expected_revision is not None:
        pinned = register.pinned(request.expected_revision)
        if pinned is None:
            return None
        register = pinned
    if revision is None:
        return Register(request.value, Hidden(register.reached), register.reached)
    return Register(request.value, revision, revision) if revision > register.reached else None


def changes(request: Request, answer: Answer | None) -> bool:
    """Whether an operation with this answer leaves another state behind than it met."""
    return isinstance(request, Write) and (answer is None or answer.done)
