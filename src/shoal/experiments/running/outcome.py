"""How a session of a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shoal.experiments.running.summary import Summary


class Ending(StrEnum):
    """Why a session ended."""

    COMPLETE = "complete"
    """Every task has ended."""
    OUT_OF_BUDGET = "out of budget"
    """The run's budget was used up. A resumed run with a larger one does the rest."""
    STOPPED = "stopped"
    """Somebody stopped it. A resumed run does the rest."""


@dataclass(frozen=True)
class Outcome:
    """What a run has come to."""

    run: str
    path: Path
    """The run's directory."""
    ending: Ending
    summary: Summary
    short: str = ""
    """Which field of the budget was used up, as ``usd``; empty where none was, or it is not known."""

    @property
    def complete(self) -> bool:
        """Whether every task has ended, well or not."""
        return self.summary.complete
