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

    def seen(self, at: float | None) -> None:
        """Something was recorded then."""
        place = bisect_right(self._began, at) - 1 if at is not None else -1
        if at is not None and place >= 0:
            self._last[place] = max(self._last[place], at)

    def _take(self, event: EventEntry) -> None:
        if event.kind == RUN_STARTED:
            self._began.append(max(event.at, self._last[-1] if self._last else event.at))
            self._last.append(self._began[-1])
            self.left_open.clear()
        elif event.kind == TASK_LEFT_OPEN and event.task is not None:
            self.left_open[event.task] = str(event.data.get("text", ""))
        self.restarts += event.kind == RESTARTING
        self.dead_letters += event.kind == DEAD_LETTER
        self.seen(event.at)
