"""Turns that a task of a mesh may take: how many are left, handed on with each message and back with its answer. Pure.

Nobody keeps a count for all: who is spoken to gets the turns that are left, and gives back what it did not use. Several
that are spoken to at once get equal shares. So no order and no death of a process makes a task take more than it may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Turns:
    """What is left."""

    total: int
    each: int
    """Of every peer that is not in ``used``."""
    used: Counts
    """Turns that peers have taken, by name; of a share: those that count against it."""

    def left_of(self, peer: str) -> int:
        """How many the peer has."""
        return min(self.total, self.each - self.used.get(peer, 0))

    def without(self, taken: Counts) -> Turns:
        """What is left after these were taken."""
        return Turns(self.total - sum(taken.values()), self.each, added(self.used, taken))

    def shares(self, peers: Sequence[str]) -> list[Turns]:
        """Equal shares for as many that speak at once; one who is alone gets everything."""
        count = len(peers)
        if count <= 1:
            return [self] * count
        each = {name: (self.each - used) // count for name, used in self.used.items()}
        fresh = self.each // count
        used = {name: fresh - left for name, left in each.items()}
        return [
            Turns(self.total // count + (place < self.total % count), fresh, used) for place in range(count)
        ]


def added(one: Counts, other: Counts) -> dict[str, int]:
    """Both together."""
    if not one or not other:
        return dict(one or other)
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
