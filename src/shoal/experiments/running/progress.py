"""How far a run is. Pure: fed with what happens, and the clock is an argument.

Rates are of the last minute: what a run did before a rate limit or a slow model came says little of what is to come.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from shoal.actors.limits.status import LevelStatus
from shoal.experiments.result import State

_WINDOW_S = 60.0
_STEP_S = 1.0
_LEAST_S = 0.5
"""Over less time no rate is said."""


class Look(NamedTuple):
    """What was seen of the system and its limits at one moment."""

    agents: int = 0
    restarts: int = 0
    dead_letters: int = 0
    budget: LevelStatus | None = None
    """The run's; ``None`` where nothing is limited."""
    waiting: int = 0
    """Model calls that wait for their turn."""
    slowest: str = ""
    """The agent before which most messages wait."""
    queue: int = 0
    """How many do."""
    silent: tuple[str, ...] = ()
    """Agents whose process does not answer."""


class Shown(NamedTuple):
    """A moment of a run, as it is drawn."""

    run: str
    total: int
    states: dict[State, int]
    """Tasks that have ended, by state."""
    recorded: int
    """Those of them that had ended before this session."""
    in_flight: int
    elapsed_s: float
    rate: float | None
    """Tasks a second."""
    left_s: float | None
    """Until the last task has ended, if it goes on like this."""
    look: Look
    note: str
    """What is being done now, where that is not tasks: starting, stopping."""
    judged: int = 0
    """Answers that were judged since nothing was under way any more."""

    @property
    def ended(self) -> int:
        """Tasks that have ended."""
        return sum(self.states.values())


class Progress:
    """Of one run in one session."""

    def __init__(self, run: str, total: int, now: float) -> None:
        """``now`` and all later times: seconds of a clock that only goes forward."""
        self.run = run
        self.total = total
        self.look = Look()
        self.note = "starting"
        self.judged = 0
        self._began = now
        self._in_flight = 0
        self._recorded = 0
        self._done_here = 0
        self._states: Counter[State] = Counter()
        self._steps: deque[tuple[float, int]] = deque([(now, 0)])
        """When so many had ended in this session, a second apart."""

    def began(self, now: float) -> None:
        """The team is there: tasks begin."""
        self.note = ""
        self._steps.clear()
        self._steps.append((now, 0))

    def submitted(self) -> None:
        """A task was given to the team."""
        self._in_flight += 1

    def ended(self, state: State, now: float, *, recorded: bool = False) -> None:
        """A task's end is written down; ``recorded``: it had ended before this session."""
        self._states[state] += 1
        if recorded:
            self._recorded += 1
            return
        self._done_here += 1
        if now - self._steps[-1][0] >= _STEP_S:
            self._steps.append((now, self._done_here))
            self._forget(now)

    def returned(self) -> None:
        """A task came back from the team."""
        self._in_flight -= 1

    def looked(self, look: Look) -> None:
        """The system was looked at."""
        self.look = look

    def shown(self, now: float) -> Shown:
        """How it is at this moment."""
        self._forget(now)
        rate = self._rate(now)
        left = self.total - self._states.total()
        return Shown(
            run=self.run,
            total=self.total,
            states={state: self._states[state] for state in State},
            recorded=self._recorded,
            in_flight=self._in_flight,
            elapsed_s=now - self._began,
            rate=rate,
            left_s=left / rate if rate and not self.note else None,
            look=self.look,
            note=self.note,
            judged=self.judged,
        )

    def _rate(self, now: float) -> float | None:
        since, before = self._steps[0]
        took = now - since
        return (self._done_here - before) / took if took >= _LEAST_S else None

    def _forget(self, now: float) -> None:
        while len(self._steps) > 1 and now - self._steps[1][0] >= _WINDOW_S:
            self._steps.popleft()
