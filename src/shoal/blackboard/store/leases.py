"""The leases of a region: their entries, and when they run out.

A lease is a version at a hidden key; everything here but the times follows from versions. After an undo or recovery a
lease has its full time anew.
"""

from __future__ import annotations

from typing import NamedTuple

import msgpack

from shoal.blackboard.store.deadlines import Deadlines
from shoal.blackboard.store.keys import lease_of
from shoal.blackboard.version import Value, Version


class Terms(NamedTuple):
    """What a lease is; the value at its hidden key."""

    ttl_s: float
    own: bool
    """Whether it is that of one key, put with a time to live."""

    def encoded(self) -> Value:
        """As it is kept."""
        return Value("dict", msgpack.packb({"ttl_s": self.ttl_s, "own": self.own}))


def _terms(version: Version) -> Terms:
    assert version.value is not None
    return Terms(**msgpack.unpackb(version.value.payload))


class Leases:
    """The leases that are granted and not ended."""

    def __init__(self) -> None:
        self.deadlines = Deadlines()
        """When each lease runs out: at that time it has."""
        self._terms: dict[str, Terms] = {}
        self._keys: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._terms)

    def terms(self, lease: str) -> Terms | None:
        """Of a lease; ``None``: there is none of that id."""
        return self._terms.get(lease)

    def keys(self, lease: str) -> tuple[str, ...]:
        """The entries under a lease, in the order they came under it."""
        return tuple(self._keys.get(lease, ()))

    def has_run_out(self, lease: str, now: float) -> bool:
        """Whether its time is over, or it is not there at all."""
        deadline = self.deadlines.get(lease)
        return deadline is None or deadline <= now

    def begin_anew(self, lease: str, now: float) -> None:
        """Give a lease its full time from now."""
        self.deadlines.set(lease, now + self._terms[lease].ttl_s)

    def update(self, key: str, before: Version | None, after: Version | None, now: float) -> None:
        """The live version of a key, hidden or not, has changed."""
        lease = lease_of(key)
        if lease is not None:
            self._update_lease(lease, after, now)
            return
        old = before.lease if before is not None else None
        new = after.lease if after is not None else None
        if old is not None and old != new:
            keys = self._keys[old]
            del keys[key]
            if not keys:
                del self._keys[old]
        if new is not None:
            if old != new:
                self._keys.setdefault(new, {})[key] = None
            terms = self._terms.get(new)
            if terms is not None and terms.own:  # put once more with the same time to live
                self.begin_anew(new, now)

    def _update_lease(self, lease: str, after: Version | None, now: float) -> None:
        if after is None:
            del self._terms[lease]
            self.deadlines.discard(lease)
        else:
            self._terms[lease] = _terms(after)
            self.begin_anew(lease, now)
