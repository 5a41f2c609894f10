"""What one operation is about to write. It sees its own writes; the board sees them when all of it succeeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from typing import NamedTuple

from shoal.blackboard.store.keys import hidden
from shoal.blackboard.store.leases import Leases
from shoal.blackboard.store.limits import Limits
from shoal.blackboard.store.versions import Versions
from shoal.blackboard.store.work import Work
from shoal.blackboard.version import Cause, Commit, Item, Value, Version

Check = Callable[[str, Value], None]
"""Raises :class:`~shoal.blackboard.errors.SchemaRefused` for a value that its key may not have."""


class Region(NamedTuple):
    """What a region consists of."""

    versions: Versions
    work: Work
    leases: Leases
    limits: Limits
    check: Check | None


class Draft:
    """The versions one operation writes, all at the next revision."""

    __slots__ = ("_cause", "_dependents", "_live", "now", "region", "revision", "writes")

    def __init__(self, region: Region, cause: Cause, now: float) -> None:
        self.region = region
        self.now = now
        self.revision = region.versions.revision + 1
        """That of the writes."""
        self.writes: dict[str, Version] = {}
        self._cause = cause
        self._live = region.versions.live
        self._dependents: dict[str, list[str]] = {}

    @property
    def author(self) -> str:
        """Who writes."""
        return self._cause.author

    @property
    def seen(self) -> int:
        """The revision that a read of the newest state is of."""
        return self.revision if self.writes else self.revision - 1

    @property
    def commit(self) -> Commit:
        """All that was written."""
        return tuple(self.writes.values())

    def newest(self, key: str) -> Version | None:
        """What is at a key after the writes so far."""
        version = self.writes.get(key)
        if version is None:
            return self._live.get(key)
        return None if version.value is None else version

    def write(
        self,
        key: str,
        value: Value,
        lease: str | None = None,
        item: Item | None = None,
        origin: int | None = None,
    ) -> Version:
        """Set a key. ``origin``: where that comes from, when not from the author alone."""
        before = self._live.get(key)
        created, number = (
            (self.revision, 1) if before is None else (before.create_revision, before.version + 1)
        )
        cause = self._cause
        version = self.writes[key] = Version(
            key,
            value,
            created,
            self.revision,
            number,
            cause.author,
            cause.message_id,
            cause.task,
            self.now,
            lease,
            item,
            cause.origin if origin is None else origin,
        )
        return version

    def write_item(self, before: Version, item: Item) -> Version:
        """Set the state of an item that is there.

        Its value stays, and so does where that comes from; a result or an error is its author's.
        """
        assert before.value is not None
        assert before.item is not None
        origin = before.origin
        if item.result is not before.item.result or item.errors != before.item.errors:
            origin = max(origin, self._cause.origin)
        return self.write(before.key, before.value, None, item, origin)

    def delete(self, key: str) -> None:
        """Delete a key that was there before this operation."""
        cause = self._cause
        self.writes[key] = Version(
            key, None, 0, self.revision, 0, cause.author, cause.message_id, cause.task, self.now,
            origin=cause.origin,
        )  # fmt: skip

    def depend(self, key: str, depends_on: tuple[str, ...]) -> None:
        """Know an item that this operation posts as a dependent of others."""
        for other in depends_on:
            self._dependents.setdefault(other, []).append(key)

    def dependents(self, key: str) -> tuple[str, ...]:
        """The items that may depend on a key, those of this operation too."""
        return (*self.region.work.dependents(key), *self._dependents.get(key, ()))

    def keys(self, prefix: str, after: str = "", *, descending: bool = False) -> Iterator[str]:
        """Users' keys that are there after the writes so far, as :meth:`Versions.keys` gives them."""
        live = self.region.versions.keys(prefix, after, descending=descending)
        return self._merged(live, prefix, after, descending) if self.writes else live

    def _merged(self, live: Iterator[str], prefix: str, after: str, descending: bool) -> Iterator[str]:
        mine = [key for key in self.writes if key.startswith(prefix) and not hidden(key)]
        if after:
            mine = [key for key in mine if (key < after if descending else key > after)]
        last = ""
        for key in merge(live, sorted(mine, reverse=descending), reverse=descending):
            if key != last and self.newest(key) is not None:
                yield key
            last = key
