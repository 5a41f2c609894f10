"""Names with a time each, and which is next: a heap that forgets lazily.

Moving a time back (a renewal) touches no heap: the entry is found to be early when it comes up, and put back.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace
from typing import Final

_SLACK: Final = 64


class Deadlines:
    """A time for each name. All operations cost O(log n), amortized."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._queued: dict[str, float] = {}
        """The time of a name's entry in the heap; never after its real time. An entry of another time is stale."""
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._times)

    def __contains__(self, name: str) -> bool:
        return name in self._times

    def get(self, name: str) -> float | None:
        """The time of a name."""
        return self._times.get(name)

    def set(self, name: str, time: float) -> None:
        """Give a name a time, in place of the one it had."""
        self._times[name] = time
        queued = self._queued.get(name)
        if queued is None or time < queued:
            self._queued[name] = time
            heappush(self._heap, (time, name))

    def discard(self, name: str) -> None:
        """Forget a name, if it is there."""
        if self._times.pop(name, None) is not None and len(self._heap) > 2 * len(self._times) + _SLACK:
            # Most entries are of names that are gone: years of leases of a year must not stay.
            self._heap = [(time, name) for name, time in self._times.items()]
            heapify(self._heap)
            self._queued = dict(self._times)

    def next(self) -> float | None:
        """The earliest time."""
        heap = self._heap
        while heap:
            queued, name = heap[0]
            time = self._times.get(name)
            if queued != self._queued.get(name):
                heappop(heap)
            elif time is None:
                heappop(heap)
                del self._queued[name]
            elif time != queued:
                self._queued[name] = time
                heapreplace(heap, (time, name))
            else:
                return time
        return None

    def take(self, now: float) -> list[str]:
        """Take out the names whose time is ``now`` or before, earliest first."""
        taken: list[str] = []
        while (time := self.next()) is not None and time <= now:
            _, name = heappop(self._heap)
            del self._queued[name], self._times[name]
            taken.append(name)
        return taken
