"""A limit of time: the condition that is certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shoal.blackboard.termination.condition import Check, Situation, Termination, Verdict, check_positive


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
