"""What is known of a region's work items beyond their versions: which can be claimed, whose time runs out when.

All of it follows from the live versions and the clock, so that undoing and recovery only need versions. After those a
claim has its full time anew: that delays, and fencing tokens keep it safe.
"""

from __future__ import annotations

from collections.abc import Callable

from shoal.blackboard.store.deadlines import Deadlines
from shoal.blackboard.store.ready import Ready
from shoal.blackboard.version import Item, State, Version


class Work:
    """The work items among the versions of ``live``, which this reads and never writes."""

    def __init__(self, live: dict[str, Version]) -> None:
        self.ready = Ready()
        self.claims = Deadlines()
        """When each claim runs out: at that time it has."""
        self.delayed = Deadlines()
        """When each item that waits for nothing but time can be claimed."""
        self.states: dict[State, int] = {"open": 0, "claimed": 0, "done": 0, "dead": 0}
        self._live = live
        self._dependents: dict[str, dict[str, None]] = {}
        """The open items that depend on a key, in the order they came."""

    def update(self, key: str, before: Version | None, after: Version | None, now: float) -> None:
        """The live version of a key has changed; all versions of its commit are in ``live`` already."""
        was = before.item if before is not None else None
        item = after.item if after is not None else None
        if was is not None:
            self._take_out(key, was)
        if after is not None and item is not None:
            self._put_in(after, item, now)
        # Also what an undo takes back: items that could be claimed wait again.
        for dependent in self._dependents.get(key, ()):
            self._place_again(dependent, now)

    def _take_out(self, key: str, item: Item) -> None:
        self.states[item.state] -= 1
        if item.state == "claimed":
            self.claims.discard(key)
        elif item.state == "open":
            self.ready.discard(key)
            self.delayed.discard(key)
            for other in item.depends_on:
                dependents = self._dependents[other]
                del dependents[key]
                if not dependents:
                    del self._dependents[other]

    def _put_in(self, version: Version, item: Item, now: float) -> None:
        self.states[item.state] += 1
        if item.state == "claimed":
            self.claims.set(version.key, now + item.lease_s)
        elif item.state == "open":
            for other in item.depends_on:
                self._dependents.setdefault(other, {})[version.key] = None
            self._place(version, item, now)

    def _place(self, version: Version, item: Item, now: float) -> None:
        if any(is_awaited(self._live.get(other), version) for other in item.depends_on):
            return
        if item.not_before > now:
            self.delayed.set(version.key, item.not_before)
        else:
            self.ready.add(version)

    def _place_again(self, key: str, now: float) -> None:
        version = self._live.get(key)
        if version is None or version.item is None or version.item.state != "open":
            return  # the same commit changes it too, its own turn comes
        self.ready.discard(key)
        self.delayed.discard(key)
        self._place(version, version.item, now)

    def mature(self, now: float) -> None:
        """Let items be claimed whose time has come."""
        for key in self.delayed.take(now):
            self.ready.add(self._live[key])

    def best(
        self, prefix: str, tags: tuple[str, ...], fits: Callable[[Version], bool] | None
    ) -> Version | None:
        """The best item under ``prefix`` that can be claimed, has all of ``tags``, and ``fits``."""

        def accepts(key: str) -> bool:
            version = self._live[key]
            assert version.item is not None
            return set(tags).issubset(version.item.tags) and (fits is None or fits(version))

        simple = fits is None and len(tags) < 2
        key = self.ready.best(prefix, tags, None if simple else accepts)
        return None if key is None else self._live[key]

    def dependents(self, key: str) -> tuple[str, ...]:
        """The open items that depend on a key, the oldest first."""
        return tuple(self._dependents.get(key, ()))


def is_awaited(other: Version | None, dependent: Version) -> bool:
    """Whether ``other``, what is now at a key that ``dependent`` depends on, must still be done.

    An item that is gone was done before: had it been withdrawn undone, its dependents would be dead. So one that is
    younger than the dependent is not the one that was meant.
    """
    if other is None or other.item is None or other.item.state == "done":
        return False
    return other.create_revision <= dependent.create_revision
