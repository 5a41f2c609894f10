"""CPU time and memory of this process and all it started.

A Ray that this process started is among its descendants: GCS, raylet and their agents are its children, the
workers are the raylet's. So one walk over the process tree finds everything that a message costs anywhere.

What to know of the figures: the kernel reports CPU time in ticks of 10 ms a process, so a second of work of
four processes is right to 4 %. Idle actors cost CPU too (0.7 % of a core each on Ray 2.60), and while sides
take turns the other sides' processes sit idle in every figure; the harness measures that share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import psutil

ProcessKey = tuple[int, float]
"""Process id and start time: ids are used again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds of each process so far, and the memory of all of them together."""

    cpu_s: Mapping[ProcessKey, float]
    memory_b: int | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """What happened between two readings."""

    cpu_s: float
    """CPU seconds, user and system, over all processes."""
    memory_b: int | None
    """Growth in bytes; None when it was not read or the system cannot tell."""
    lost: int
    """Processes that ended in between: what they used after their last reading is missing in ``cpu_s``."""


def used_between(before: Reading, after: Reading, seen: Mapping[ProcessKey, float]) -> Used:
    """What was used from ``before`` to ``after``; ``seen`` are later readings of processes that ended.

    A process that started in between counts with all it used.
    """
    latest = {**before.cpu_s, **seen, **after.cpu_s}
    cpu_s = sum(cpu - before.cpu_s.get(key, 0.0) for key, cpu in latest.items())
    known = before.memory_b is not None and after.memory_b is not None
    memory_b = (after.memory_b or 0) - (before.memory_b or 0) if known else None
    return Used(cpu_s=cpu_s, memory_b=memory_b, lost=len(latest.keys() - after.cpu_s.keys()))


class Meter(Protocol):
    """Reads what has been used; the fake of the tests implements it too."""

    def begin(self, *, memory: bool) -> None:
        """Take the first reading of a run."""
        ...

    def observe(self) -> None:
        """Take a reading of CPU times in between."""
        ...

    def end(self, *, memory: bool) -> Used:
        """Take the last reading and say what was used since ``begin``."""
        ...


class ProcessMeter:
    """The meter of the real bench: this process and its descendants. One run at a time."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._before = Reading({})
        self._seen: dict[ProcessKey, float] = {}

    def begin(self, *, memory: bool) -> None:
        """See :class:`Meter`. Our own time is read last, so that the walk is not part of the run."""
        self._seen = {}
        memory_b = self._memory() if memory else None
        others = dict(self._others())
        self._before = Reading({**others, self._key(self._me): _cpu_s(self._me)}, memory_b)

    def observe(self) -> None:
        """See :class:`Meter`."""
        self._seen.update(self._others())

    def end(self, *, memory: bool) -> Used:
        """See :class:`Meter`. Our own time is read first."""
        own = {self._key(self._me): _cpu_s(self._me)}
        after = Reading({**own, **dict(self._others())}, self._memory() if memory else None)
        return used_between(self._before, after, self._seen)

    @staticmethod
    def _key(process: psutil.Process) -> ProcessKey:
        return process.pid, process.create_time()

    def _others(self) -> Iterator[tuple[ProcessKey, float]]:
        for process in self._me.children(recursive=True):
            try:
                yield self._key(process), _cpu_s(process)
            except psutil.Error:
                continue  # it ended while we were walking

    def _memory(self) -> int | None:
        """Proportional set size of all processes: pages they share are counted once."""
        total = 0
        for process in [self._me, *self._me.children(recursive=True)]:
            try:
                held = process.memory_full_info()
            except psutil.Error:
                continue
            # macOS has no proportional size; the private part is the honest stand-in there.
            total += held.pss if hasattr(held, "pss") else held.uss
        return total


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
