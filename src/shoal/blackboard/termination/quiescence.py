"""Quiescence, the classical end of a blackboard: nothing is going on, and nothing on it can be taken up."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.blackboard.requests import Status
from shoal.blackboard.termination.condition import Check, Situation, Termination, Verdict, check_positive


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
        done, dead = sum(s.done for s in situation.statuses), sum(s.dead for s in situation.statuses)
        figures = f"{done} items are done, {dead} dead"
        if situation.performed:
            figures += f", {situation.performed} activations were begun"
        lasting = f", for {quiet_s:g} s" if quiet_s else ""
        return Verdict(str(self._condition), f"nothing is left to do{lasting}: {figures}")

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
