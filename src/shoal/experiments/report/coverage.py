"""How much of each bucket of time something lasted. Pure; an interval costs the same however long it is.

A long interval adds to its first and its last bucket, and marks where the full ones between begin and end; the marks
are summed once, at the end. So a million messages that each waited half of a run take seconds.
"""

from __future__ import annotations

from itertools import accumulate


class Coverage:
    """Intervals in buckets of one width; how many buckets there are is known at the end."""

    __slots__ = ("_full", "_parts")

    def __init__(self) -> None:
        self._parts: dict[int, float] = {}
        self._full: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, begin: float, end: float, width: float) -> None:
        """Something lasted from ``begin`` to ``end``, both from 0 on, in seconds."""
        if end <= begin:
            return
        first, last = int(begin / width), int(end / width)
        parts = self._parts
        if first == last:
            parts[first] = parts.get(first, 0.0) + end - begin
            return
        parts[first] = parts.get(first, 0.0) + (first + 1) * width - begin
        parts[last] = parts.get(last, 0.0) + end - last * width
        if last > first + 1:
            full = self._full
            full[first + 1] = full.get(first + 1, 0) + 1
            full[last] = full.get(last, 0) - 1

    def put(self, bucket: int, seconds: float) -> None:
        """So much of a bucket."""
        if seconds:
            self._parts[bucket] = self._parts.get(bucket, 0.0) + seconds

    def widen(self, width: float) -> None:
        """Make one bucket of two. ``width``: what they had before."""
        count = max([*self._parts, *self._full], default=-1) + 1
        merged: dict[int, float] = {}
        for bucket, seconds in enumerate(self.seconds(count, width)):
            if seconds:
                merged[bucket // 2] = merged.get(bucket // 2, 0.0) + seconds
        self._parts, self._full = merged, {}

    def seconds(self, count: int, width: float) -> list[float]:
        """The seconds in each of the first ``count`` buckets: of two at the same time, twice."""
        full = accumulate(self._full.get(bucket, 0) for bucket in range(count))
        return [self._parts.get(bucket, 0.0) + times * width for bucket, times in enumerate(full)]
