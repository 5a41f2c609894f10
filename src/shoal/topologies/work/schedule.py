"""The order of jobs that need one another: what can begin now, highest priority first. Pure.

The order of jobs without a circle is Kahn's (A. B. Kahn, Topological sorting of large networks, CACM 5(11), 1962).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """One job, and which others it needs."""

    id: str
    needs: tuple[str, ...] = ()
    priority: int = 0


def broken_order(jobs: Sequence[Job]) -> str:
    """Why the jobs cannot all be done one day: an unknown need, or a circle. Empty when they can.

    Ids are each one's own.
    """
    known = {job.id for job in jobs}
    for job in jobs:
        for need in job.needs:
            if need not in known:
                return f"{job.id!r} needs {need!r}, which is none of them"
    left = {job.id: set(job.needs) for job in jobs}
    followers = _followers(jobs)
    free = [one for one, needs in left.items() if not needs]
    while free:
        done = free.pop()
        del left[done]
        for follower in followers[done]:
            left[follower].discard(done)
            if not left[follower]:
                free.append(follower)
    return f"they need one another in a circle: {_circle(left)}" if left else ""


class Schedule:
    """Jobs as they are begun and ended, ``parallel`` at one time. Each job costs O(log n) and its needs."""

    def __init__(self, jobs: Iterable[Job], parallel: int) -> None:
        """Jobs that :func:`broken_order` finds nothing wrong with."""
        jobs = list(jobs)
        self._left = {job.id: set(job.needs) for job in jobs}
        self._followers = _followers(jobs)
        self._rank = {job.id: (-job.priority, place) for place, job in enumerate(jobs)}
        self._ready = [(self._rank[one], one) for one, needs in self._left.items() if not needs]
        heapq.heapify(self._ready)
        self._parallel = parallel
        self.running = 0
        self.skipped: dict[str, str] = {}
        """Jobs that can never begin, each with the failed one it waited for, directly or not."""

    def take(self) -> str | None:
        """The next job that begins now; ``None`` while none can."""
        if self.running >= self._parallel or not self._ready:
            return None
        self.running += 1
        return heapq.heappop(self._ready)[1]

    def done(self, job: str) -> None:
        """It ended well: what waited for it alone can begin."""
        self.running -= 1
        for follower in self._followers[job]:
            needs = self._left[follower]
            needs.discard(job)
            if not needs and follower not in self.skipped:
                heapq.heappush(self._ready, (self._rank[follower], follower))

    def failed(self, job: str) -> None:
        """It did not: what needs it is skipped, and what needs that."""
        self.running -= 1
        queue = [job]
        while queue:
            for follower in self._followers[queue.pop()]:
                if follower not in self.skipped:
                    self.skipped[follower] = job
                    queue.append(follower)


def _followers(jobs: Iterable[Job]) -> dict[str, list[str]]:
    jobs = list(jobs)
    followers: dict[str, list[str]] = {job.id: [] for job in jobs}
    for job in jobs:
        for need in dict.fromkeys(job.needs):
            followers[need].append(job.id)
    return followers


def _circle(left: dict[str, set[str]]) -> str:
    """One circle among jobs that all need another of them."""
    path: list[str] = []
    at = min(left)
    while at not in path:
        path.append(at)
        at = min(left[at])
    return " needs ".join([*path[path.index(at) :], at])
