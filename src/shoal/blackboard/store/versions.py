"""All versions of all keys: multi-version concurrency control as etcd does it, in memory.

``live`` has the newest version of each key that is there; histories keep what reads at revisions from ``oldest`` on
need. Reading or writing a key costs O(log n), a range O(log n) and its keys, undoing and compacting what they drop.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from operator import attrgetter

from sortedcontainers import SortedList

from shoal.blackboard.errors import Compacted, FutureRevision
from shoal.blackboard.store.keys import FIRST, prefix_end
from shoal.blackboard.store.log import Log
from shoal.blackboard.version import Commit, Version

_revision = attrgetter("mod_revision")


class Versions:
    """The versions of a region's keys, hidden keys too."""

    def __init__(self, base: Iterable[Version] = (), oldest: int = 0) -> None:
        """``base``: the live versions at ``oldest``."""
        self.revision = oldest
        self.log = Log(oldest)
        self.live: dict[str, Version] = {version.key: version for version in base}
        self._histories: dict[str, list[Version]] = {key: [version] for key, version in self.live.items()}
        self._order = SortedList(self.live)
        """The keys of ``live``."""
        self._gone = SortedList()
        """Keys that have a history, but are not there now."""

    @property
    def oldest(self) -> int:
        """The oldest revision that can be read."""
        return self.log.start

    def check_readable(self, revision: int) -> None:
        """Raises :class:`Compacted` or :class:`FutureRevision`."""
        if revision < self.oldest:
            raise Compacted(
                f"revision {revision} was compacted; the oldest that can be read is {self.oldest}",
                oldest=self.oldest,
            )
        if revision > self.revision:
            raise FutureRevision(
                f"revision {revision} does not exist yet; the newest is {self.revision}",
                revision=self.revision,
            )

    def at(self, key: str, revision: int) -> Version | None:
        """What was at a key at a revision that can be read; ``None``: nothing."""
        history = self._histories.get(key)
        if history is None:
            return None
        index = bisect_right(history, revision, key=_revision)
        if not index or history[index - 1].value is None:
            return None
        return history[index - 1]

    def history(self, key: str, since: int) -> Iterator[Version]:
        """The versions of a key from ``since`` on that are kept, deletions too, oldest first."""
        history = self._histories.get(key, [])
        first = max(self._garbage(history, self.oldest), bisect_left(history, since, key=_revision))
        return islice(history, first, None)

    def was_there(self, key: str) -> bool:
        """Whether the key is gone, and its deletion still known."""
        return key not in self.live and key in self._histories

    def keys(
        self, prefix: str, after: str = "", *, descending: bool = False, gone: bool = False
    ) -> Iterator[str]:
        """Users' keys that begin with ``prefix`` and come after ``after``, in order; ``gone``: also those that only
        have a history."""
        low, high, low_too = max(prefix, FIRST), prefix_end(prefix), True
        if after and descending:
            high = after if high is None else min(high, after)
        elif after >= low:
            low, low_too = after, False
        found: Iterator[str] = self._order.irange(low, high, (low_too, False), descending)
        if not gone:
            return found
        return merge(found, self._gone.irange(low, high, (low_too, False), descending), reverse=descending)

    def apply(self, commit: Commit) -> None:
        """Add the next revision."""
        for version in commit:
            self._add(version)
        self.log.append(commit)
        self.revision += 1

    def _add(self, version: Version) -> None:
        key = version.key
        history = self._histories.get(key)
        if history is None:
            self._histories[key] = [version]
        else:
            history.append(version)
        if version.value is None:
            del self.live[key]
            self._order.remove(key)
            self._gone.add(key)
            return
        if key not in self.live:
            self._order.add(key)
            if history is not None:
                self._gone.remove(key)
        self.live[key] = version

    def undo(self) -> Commit:
        """Take the newest revision back."""
        commit = self.log.pop()
        for version in commit:
            self._remove(version)
        self.revision -= 1
        return commit

    def _remove(self, version: Version) -> None:
        key = version.key
        history = self._histories[key]
        history.pop()
        before = history[-1] if history else None
        if before is not None and before.value is not None:
            self.live[key] = before
            if version.value is None:
                self._gone.remove(key)
                self._order.add(key)
            return
        del self.live[key]
        self._order.remove(key)
        # A deletion that was compacted may still lie in the list: it is no history any more.
        if before is None or before.mod_revision <= self.oldest:
            del self._histories[key]
        else:
            self._gone.add(key)

    def compact(self, revision: int) -> None:
        """Forget what no read at ``revision`` or later needs. One that is compacted already is not refused."""
        for commit in self.log.forget(revision):
            for version in commit:
                self._trim(version.key, revision)

    def _trim(self, key: str, revision: int) -> None:
        history = self._histories.get(key)
        if history is None:
            return
        garbage = self._garbage(history, revision)
        if garbage == len(history):
            del self._histories[key]
            self._gone.remove(key)
        elif garbage * 2 >= len(history):
            del history[:garbage]  # moves the rest up, which is no longer: O(1) for each version cut

    @staticmethod
    def _garbage(history: list[Version], revision: int) -> int:
        """How many of the first versions no read at ``revision`` or later sees."""
        index = bisect_right(history, revision, key=_revision)
        if index and history[index - 1].value is not None:
            return index - 1
        return index
