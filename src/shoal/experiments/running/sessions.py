"""How long programs worked on a run, from what was recorded. Pure.

A program that was killed has not said when it ended: that is the last thing that was recorded of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from shoal.runtime.journal.happenings import DEAD_LETTER, RESTARTING, RUN_STARTED, TASK_LEFT_OPEN
from shoal.runtime.journal.reader import EventEntry


class Sessions:
    """Fed with a run's events, in their order, and with the times of what else was recorded."""

    def __init__(self, events: Iterable[EventEntry]) -> None:
        self._began: list[float] = []
        self._last: list[float] = []
        self._given: list[float | None] = []
        """When each session gave its first task to the team."""
        self._ended: list[float | None] = []
        """When the last task ended in it."""
        self.restarts = 0
        self.dead_letters = 0
        self.left_open: dict[str, str] = {}
        """Tasks that were left open in the last session, and the text of their error."""
        for event in events:
            self._take(event)

    @property
    def count(self) -> int:
        """How many programs worked on it."""
        return len(self._began)

    @property
    def wall_s(self) -> float:
        """All of them together."""
        return sum(last - began for began, last in zip(self._began, self._last, strict=True))

    @property
    def work_s(self) -> float:
        """Of that, the time in which tasks were under way: not that in which teams were started and stopped."""
        sums = zip(self._given, self._ended, self._last, strict=True)
        return sum(
            (last if ended is None else ended) - given for given, ended, last in sums if given is not None
        )

    def task(self, submitted_at: float | None, ended_at: float | None) -> None:
        """A task's times; each may be missing."""
        given, ended = self._seen(submitted_at), self._seen(ended_at)
        if ended is not None and ended != given:
            given, submitted_at = ended, self._began[ended]  # it was open when this session began
        if given is not None and submitted_at is not None:
            self._given[given] = min(submitted_at, self._given[given] or submitted_at)
        if ended is not None and ended_at is not None:
            self._ended[ended] = max(ended_at, self._ended[ended] or ended_at)

    def _seen(self, at: float | None) -> int | None:
        """Something was recorded then: in which session."""
        place = bisect_right(self._began, at) - 1 if at is not None else -1
        if at is None or place < 0:
            return None
        self._last[place] = max(self._last[place], at)
        return place

    def _take(self, event: EventEntry) -> None:
        if event.kind == RUN_STARTED:
            self._began.append(max(event.at, self._last[-1] if self._last else event.at))
            self._last.append(self._began[-1])
            self._given.append(None)
            self._ended.append(None)
            self.left_open.clear()
        elif event.kind == TASK_LEFT_OPEN and event.task is not None:
            self.left_open[event.task] = str(event.data.get("text", ""))
        self.restarts += event.kind == RESTARTING
        self.dead_letters += event.kind == DEAD_LETTER
        self._seen(event.at)
