"""The conditions that can end the work on a region. Each is data and a check; see :mod:`shoal.blackboard.termination`.

Quiescence is the classical end of a blackboard: nothing is going on, and nothing on it can be taken up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from shoal.blackboard.requests import Status
from shoal.blackboard.store.comparisons import decoded
from shoal.blackboard.termination import Check, Situation, Termination, Verdict, check_positive
from shoal.blackboard.version import Version
from shoal.runtime.errors import ConfigError


@dataclass(frozen=True)
class Quiescence(Termination):
    """Nothing is claimed, and nothing can be claimed now or later; of a team also: no activation waits or runs.

    An empty board is not quiescent: there must have been work (an item, or an activation), unless ``from_start``.
    ``quiet_s``: it must stay so for as long, without any change. That covers agents that work on something without
    a claim. An item that nobody claims keeps it from ever holding: add a :class:`TimeLimit`.
    """

    quiet_s: float = 0.0
    from_start: bool = False

    def __post_init__(self) -> None:
        if self.quiet_s:
            check_positive("Quiescence", quiet_s=self.quiet_s)

    @property
    def wants_status(self) -> bool:
        """It is about the status."""
        return True

    def begin(self, now: float) -> Check:
        """See the class."""
        return _QuiescenceCheck(self)

    def __str__(self) -> str:
        return f"Quiescence(quiet_s={self.quiet_s:g})" if self.quiet_s else "Quiescence()"


class _QuiescenceCheck(Check):
    def __init__(self, condition: Quiescence) -> None:
        self._condition = condition
        self._quiet: tuple[tuple[int, ...], float] | None = None
        """At which revisions it became quiet, and when."""
        self._last = Situation(0)

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        if situation.statuses:
            self._last = situation
        if not self._holds(situation):
            self._quiet = None
            return None
        revisions = tuple(status.revision for status in situation.statuses)
        if self._quiet is None or self._quiet[0] != revisions:
            self._quiet = (revisions, now)
        quiet_s = self._condition.quiet_s
        if now - self._quiet[1] < quiet_s:
            return None
        done, dead = (
            sum(s.done for s in situation.statuses),
            sum(s.dead for s in situation.statuses),
        )
        lasting = f" for {quiet_s:g} s" if quiet_s else ""
        return Verdict(
            str(self._condition),
            f"nothing is left to do{lasting}: {done} items are done and {dead} dead, none is open or claimed",
        )

    def _holds(self, situation: Situation) -> bool:
        statuses = situation.statuses
        if situation.waiting or not statuses or not all(status.quiescent for status in statuses):
            return False
        return (
            self._condition.from_start
            or situation.performed > 0
            or any(status.done or status.dead for status in statuses)
        )

    def due(self) -> float | None:
        if self._quiet is None or not self._condition.quiet_s:
            return None
        return self._quiet[1] + self._condition.quiet_s

    def progress(self, now: float) -> str:
        statuses: tuple[Status, ...] = self._last.statuses
        open_, claimed = sum(s.open for s in statuses), sum(s.claimed for s in statuses)
        waiting = f", {self._last.waiting} activations" if self._last.waiting else ""
        return f"{self._condition}: {open_} items open, {claimed} claimed{waiting}"


@dataclass(frozen=True)
class CountReached(Termination):
    """There are at least ``count`` keys under ``prefix``."""

    prefix: str
    count: int

    def __post_init__(self) -> None:
        check_positive("CountReached", count=self.count)

    @property
    def reads(self) -> tuple[str, ...]:
        """Its prefix."""
        return (self.prefix,)

    def begin(self, now: float) -> Check:
        """See the class."""
        return _CountCheck(self, "keys")

    def __str__(self) -> str:
        return f"CountReached({self.prefix!r}, {self.count})"


@dataclass(frozen=True)
class ItemsDone(CountReached):
    """At least ``count`` work items under ``prefix`` are done.

    One that is deleted after it was done still counts, if it was there when the waiting began or came later.
    """

    def begin(self, now: float) -> Check:
        """See the class."""
        return _DoneCheck(self, "done items")

    def __str__(self) -> str:
        return f"ItemsDone({self.prefix!r}, {self.count})"


class _CountCheck(Check):
    """Counts without remembering keys: what it costs does not grow with them."""

    def __init__(self, condition: CountReached, what: str) -> None:
        self._condition = condition
        self._what = what
        self._count = 0

    def again(self) -> None:
        self._count = 0

    def found(self, version: Version) -> None:
        if version.key.startswith(self._condition.prefix):
            self._count += self._counts(version)

    def _counts(self, version: Version) -> bool:
        return True

    def see(self, version: Version, now: float) -> None:
        if version.key.startswith(self._condition.prefix):
            if version.deleted:
                self._count -= 1
            elif version.version == 1:
                self._count += 1

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        if self._count < self._condition.count:
            return None
        return Verdict(
            str(self._condition),
            f"{self._count} {self._what} under {self._condition.prefix!r}, {self._condition.count} were waited for",
        )

    def progress(self, now: float) -> str:
        return f"{self._condition}: {self._count} so far"

    def save(self) -> Any:
        return self._count

    def restore(self, saved: Any) -> None:
        self._count = int(saved)


class _DoneCheck(_CountCheck):
    def _counts(self, version: Version) -> bool:
        return version.item is not None and version.item.state == "done"

    def see(self, version: Version, now: float) -> None:
        if version.key.startswith(self._condition.prefix):
            self._count += self._counts(
                version
            )  # done is the last state of an item: it has this version once


@dataclass(frozen=True)
class NoImprovement(Termination):
    """The best number in ``field`` of the values under ``prefix`` was not beaten in so many ``revisions``.

    Only revisions count that put such a number under the prefix: others are no attempts. ``field``: a path with dots
    (``spec.score``); empty: the value is the number. ``goal``: whether higher or lower is better. ``by``: by how much
    it must be better to count. Before the first number nothing is counted.
    """

    prefix: str
    field: str
    revisions: int
    goal: Literal["max", "min"] = "max"
    by: float = 0.0

    def __post_init__(self) -> None:
        check_positive("NoImprovement", revisions=self.revisions)
        if self.goal not in ("max", "min"):
            raise ConfigError(f"NoImprovement: goal is {self.goal!r}; give 'max' or 'min'")
        if type(self.by) not in (int, float) or not 0 <= self.by < math.inf:
            raise ConfigError(f"NoImprovement: by is {self.by!r}; it must be a number from 0")

    @property
    def reads(self) -> tuple[str, ...]:
        """Its prefix."""
        return (self.prefix,)

    def begin(self, now: float) -> Check:
        """See the class."""
        return _ImprovementCheck(self)

    def __str__(self) -> str:
        return f"NoImprovement({self.prefix!r}, {self.field!r}, revisions={self.revisions})"


class _ImprovementCheck(Check):
    def __init__(self, condition: NoImprovement) -> None:
        self._condition = condition
        self._best: float | None = None
        self._best_key = ""
        self._best_revision = 0
        self._tried = 0
        """Revisions with a number since the best one."""
        self._last_revision = 0

    def found(self, version: Version) -> None:
        number = self._number(version)
        if number is not None and self._is_better(number):
            self._note(number, version)

    def see(self, version: Version, now: float) -> None:
        number = self._number(version)
        if number is None:
            return
        if self._is_better(number):
            self._note(number, version)
            self._tried = 0
        elif version.mod_revision not in (self._last_revision, self._best_revision):
            self._tried += 1
        self._last_revision = version.mod_revision

    def _number(self, version: Version) -> float | None:
        if version.value is None or not version.key.startswith(self._condition.prefix):
            return None
        found = decoded(version.value)
        for name in self._condition.field.split(".") if self._condition.field else ():
            if type(found) is not dict or name not in found:
                return None
            found = found[name]
        return float(found) if type(found) in (int, float) and not math.isnan(found) else None

    def _is_better(self, number: float) -> bool:
        if self._best is None:
            return True
        gain = number - self._best if self._condition.goal == "max" else self._best - number
        return gain > self._condition.by

    def _note(self, number: float, version: Version) -> None:
        self._best, self._best_key, self._best_revision = number, version.key, version.mod_revision

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        if self._tried < self._condition.revisions:
            return None
        return Verdict(str(self._condition), f"{self._describe()} was not beaten in {self._tried} revisions")

    def _describe(self) -> str:
        if self._best is None:
            return "no number so far"
        what = self._condition.field or "value"
        return f"the best {what}, {self._best:g} ({self._best_key!r} at revision {self._best_revision}),"

    def progress(self, now: float) -> str:
        return f"{self._condition}: {self._describe()} and {self._tried} revisions since"

    def save(self) -> Any:
        return [self._best, self._best_key, self._best_revision, self._tried, self._last_revision]

    def restore(self, saved: Any) -> None:
        self._best, self._best_key, self._best_revision, self._tried, self._last_revision = saved


@dataclass(frozen=True)
class TimeLimit(Termination):
    """So many seconds have passed since the waiting, or the team, began."""

    seconds: float

    def __post_init__(self) -> None:
        check_positive("TimeLimit", seconds=self.seconds)

    @property
    def certain(self) -> bool:
        """Time passes."""
        return True

    def begin(self, now: float) -> Check:
        """See the class."""
        return _TimeCheck(self, now)

    def __str__(self) -> str:
        return f"TimeLimit({self.seconds:g})"


class _TimeCheck(Check):
    def __init__(self, condition: TimeLimit, now: float) -> None:
        self._condition = condition
        self._began = now

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        if now < self.due():
            return None
        return Verdict(str(self._condition), f"{self._condition.seconds:g} s have passed")

    def due(self) -> float:
        return self._began + self._condition.seconds

    def progress(self, now: float) -> str:
        return f"{self._condition}: {self.due() - now:.1f} s are left"

    def save(self) -> Any:
        return self._began

    def restore(self, saved: Any) -> None:
        self._began = float(saved)
