"""Convergence: a figure that several write, and that nobody has bettered for a while."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from shoal.blackboard.store.comparisons import decoded
from shoal.blackboard.termination.condition import Check, Situation, Termination, Verdict, check_positive
from shoal.blackboard.version import Version
from shoal.runtime.errors import ConfigError


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
