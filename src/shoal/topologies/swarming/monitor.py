"""The monitor that every swarm has: what it sees of a task from one look to the next. Pure.

It looks after so many events (attempts at items that ended), not after so much time: a task that is slow is not
looked at more often than one that is fast, and the same events give the same looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shoal.topologies.swarming.messages import AgentTally, SwarmView

GROWS = 2.0
"""Items posted for each that is finished from which on a task grows fast: its end moves away twice as fast as it comes
nearer. Any search grows at first, so it has to be so for several looks."""
LOOKS = 3


class Figures(NamedTuple):
    """How a task is at one moment."""

    posted: int
    open: int
    claimed: int
    done: int
    dead: int
    failed: int
    findings: int

    @property
    def finished(self) -> int:
        """Attempts that ended."""
        return self.done + self.failed


class Watch:
    """What is remembered from look to look."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._last = Figures(0, 0, 0, 0, 0, 0, 0)
        self._looks = self._grown = self._dry = 0
        self.warnings: list[str] = []

    def is_due(self, now: Figures) -> bool:
        """Whether enough has happened for another look."""
        return now.finished - self._last.finished >= self._every

    def look(
        self,
        task: str,
        now: Figures,
        after_s: float,
        agents: Mapping[str, AgentTally],
        proposals: Sequence[str],
    ) -> SwarmView:
        """Look; notes what is new to be warned of."""
        last, self._last = self._last, now
        self._looks += 1
        growth = (now.posted - last.posted) / max(1, now.finished - last.finished)
        self._grown = self._grown + 1 if growth >= GROWS else 0
        self._dry = self._dry + 1 if now.findings <= last.findings else 0
        view = SwarmView(
            task=task, look=self._looks, after_s=after_s, posted=now.posted, open=now.open, claimed=now.claimed,
            done=now.done, dead=now.dead, findings=now.findings, growth=round(growth, 3),
            new_findings=max(0, now.findings - last.findings), diverging=self._grown >= LOOKS,
            stalled=self._dry >= LOOKS, agents=dict(agents), proposals=tuple(proposals),
        )  # fmt: skip
        self._warn(view)
        return view

    def _warn(self, view: SwarmView) -> None:
        if self._grown == LOOKS:
            self.warnings.append(
                f"diverging: {view.growth:g} items were posted for each finished one, {view.open} wait"
            )
        if self._dry == LOOKS:
            self.warnings.append(f"stalled: {LOOKS * self._every} attempts ended without a new finding")
