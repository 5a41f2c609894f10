"""Time in which programs worked on a run: the pauses between its sessions are cut out. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from shoal.runtime.journal.happenings import RUN_STARTED
from shoal.runtime.journal.reader import EventEntry


class WorkingTime:
    """From a time since 1970 to seconds of work since the run began."""

    def __init__(self, began: Iterable[float], seen: Iterable[float]) -> None:
        """``began``: when each session did, at least one; ``seen``: times at which something was recorded."""
        self._began = sorted(began)
        self._first = self._began[0]
        last = list(self._began)
        for at in seen:
            place = bisect_right(self._began, at) - 1
            if place >= 0:
                last[place] = max(last[place], at)
        self._lasted = [end - begin for begin, end in zip(self._began, last, strict=True)]
        self._before = [0.0]
        for lasted in self._lasted[:-1]:
            self._before.append(self._before[-1] + lasted)

    @property
    def total_s(self) -> float:
        """How long was worked on it, as far as is known."""
        return self._before[-1] + self._lasted[-1]

    @property
    def sessions(self) -> tuple[float, ...]:
        """When each session began, in seconds of work; the first at 0."""
        return tuple(self._before)

    def of(self, at: float) -> float:
        """Seconds of work until then. A pause is one moment; the last session has no end."""
        if len(self._began) == 1:  # the rule, and a million messages ask three times each
            return at - self._first if at > self._first else 0.0
        place = max(0, bisect_right(self._began, at) - 1)
        since = max(0.0, at - self._began[place])
        if place < len(self._began) - 1:
            since = min(since, self._lasted[place])
        return self._before[place] + since


def working_time(created_at: float, events: Iterable[EventEntry], seen: Iterable[float] = ()) -> WorkingTime:
    """Of a run with these events. ``seen``: the times of what else was recorded, as ends of tasks."""
    began, times = [], []
    for event in events:
        times.append(event.at)
        if event.kind == RUN_STARTED:
            began.append(event.at)
    return WorkingTime(began or [created_at], [*times, *seen])
