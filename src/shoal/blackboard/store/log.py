"""The commits of a region in order: any by its revision in O(1), forgotten from the front and undone from the back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shoal.blackboard.version import Commit

_SLACK: Final = 64


class Log:
    """The commits after revision ``start``, one a revision without a gap."""

    def __init__(self, start: int = 0) -> None:
        self._before = start
        """The revision before the one in the first slot. Slots up to ``start`` are empty: forgotten."""
        self._commits: list[Commit] = []
        self.start = start

    @property
    def end(self) -> int:
        """The newest revision."""
        return self._before + len(self._commits)

    def append(self, commit: Commit) -> None:
        """Add the next revision."""
        self._commits.append(commit)

    def pop(self) -> Commit:
        """Take the newest back. One that is forgotten cannot be."""
        if self.end <= self.start:
            raise ValueError(f"revision {self.end} was compacted, it cannot be undone")
        return self._commits.pop()

    def between(self, after: int, until: int) -> Iterator[Commit]:
        """The commits of ``after`` < revision <= ``until``; both are between start and end."""
        for at in range(after - self._before, until - self._before):
            yield self._commits[at]

    def forget(self, until: int) -> Iterator[Commit]:
        """Drop the commits up to ``until``, and give each. Moving the rest up costs O(1) a commit: it is done when
        half of the slots are empty."""
        while self.start < until:
            at = self.start - self._before
            commit, self._commits[at] = self._commits[at], ()
            self.start += 1
            yield commit
        empty = self.start - self._before
        if empty > _SLACK and empty * 2 >= len(self._commits):
            del self._commits[:empty]
            self._before = self.start
