"""Timeouts of many waits that mostly end in time. Pure: the clock is an argument.

A timer of the event loop for each ask costs 2-4 µs to set and cancel, and a cancelled one stays in the loop's heap.
Here a wait is put into the bucket of its deadline and taken out again, two set operations; only the earliest bucket
needs a timer. A wait ends up to ``GRAIN_S`` late, never early.
"""

from __future__ import annotations

import math

GRAIN_S = 0.01
"""Width of a bucket, in seconds."""


class DeadlineWheel:
    """Waits by deadline."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[int, set[bytes]] = {}

    def add(self, key: bytes, deadline: float) -> int:
        """Put a wait in; returns its bucket, which :meth:`discard` needs."""
        bucket = math.ceil(deadline / GRAIN_S)
        waits = self._buckets.get(bucket)
        if waits is None:
            self._buckets[bucket] = {key}
        else:
            waits.add(key)
        return bucket

    def discard(self, key: bytes, bucket: int) -> None:
        """Take a wait out."""
        waits = self._buckets.get(bucket)
        if waits is not None:
            waits.discard(key)
            if not waits:
                del self._buckets[bucket]

    def next_due(self) -> float | None:
        """When the earliest bucket is over; ``None`` when nothing waits."""
        return min(self._buckets) * GRAIN_S if self._buckets else None

    def expired(self, now: float) -> list[bytes]:
        """Take out and return what is due."""
        last = math.floor(now / GRAIN_S)
        due = sorted(bucket for bucket in self._buckets if bucket <= last)
        return [key for bucket in due for key in self._buckets.pop(bucket)]
