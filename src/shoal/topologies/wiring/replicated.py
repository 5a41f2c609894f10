"""Refs to agents of which there are several, all alike: each ask goes to the one with the fewest open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from shoal.runtime.ref import Ref


class OpenCounts:
    """How many asks are open at each of several agents, as far as they went through here."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self.addresses = tuple(addresses)
        self._open = [0] * len(self.addresses)
        self._next = 0

    @contextmanager
    def taken(self) -> Iterator[str]:
        """The address with the fewest, in turn among equals, as long as it is busy with this."""
        count = len(self.addresses)
        at = min(range(count), key=lambda place: (self._open[place], (place - self._next) % count))
        self._next = at + 1
        self._open[at] += 1
        try:
            yield self.addresses[at]
        finally:
            self._open[at] -= 1


class Replicated(Ref):
    """The ref of a team with several agents behind its address, as fronts hold it: it knows them, also after a way to
    another process."""

    __slots__ = ("counts",)

    def __init__(self, address: str, behind: Iterable[str]) -> None:
        super().__init__(address)
        self.counts = OpenCounts(behind)

    def __reduce__(self) -> tuple[Any, ...]:
        return Replicated, (self.address, self.counts.addresses)
