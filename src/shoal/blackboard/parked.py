"""Requests that wait on the board for something to happen: watches and claims. Pure but for their futures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from shoal.blackboard.region import Write
from shoal.blackboard.requests import Watch
from shoal.blackboard.version import Version

MOST_PARKED = 10_000
"""Watches and claims of one board that wait at once."""


@dataclass(slots=True, eq=False)
class ParkedWatch:
    """A watch for which nothing has happened yet."""

    watch: Watch
    until: float
    """Event loop's second at which it is answered with nothing."""
    answer: asyncio.Future[bytes]


class Queued(NamedTuple):
    """An operation that is to be served, or a claim that was and found no item."""

    write: Write
    answer: asyncio.Future[bytes]
    until: float
    """Event loop's second until which it may wait for an item; 0: not at all."""


@dataclass(slots=True)
class Parking:
    """All that wait on one board."""

    watches: list[ParkedWatch] = field(default_factory=list)
    claims: list[Queued] = field(default_factory=list)
    closed: bool = False
    """Whether the board is being stopped: nobody may wait any more."""

    @property
    def has_room(self) -> bool:
        """Whether one more may wait; what finds no room is answered with nothing at once."""
        return not self.closed and len(self.watches) + len(self.claims) < MOST_PARKED

    def close(self) -> list[asyncio.Future[bytes]]:
        """Take all of them, and no more from now on: the answers they wait for."""
        self.closed = True
        answers = [one.answer for one in self.watches] + [one.answer for one in self.claims]
        self.watches, self.claims = [], []
        return answers

    def counts(self) -> tuple[int, int]:
        """How many watches and claims wait whose askers are still there."""
        self.drop_gone()
        return len(self.watches), len(self.claims)

    def drop_gone(self) -> None:
        """Forget those whose asker has gone."""
        self.watches = [one for one in self.watches if not one.answer.done()]
        self.claims = [one for one in self.claims if not one.answer.done()]

    def touched_by(self, versions: Iterable[Version]) -> list[ParkedWatch]:
        """Take the watches that these changes answer."""
        keys = [version.key for version in versions]
        touched: dict[str, bool] = {}
        taken: list[ParkedWatch] = []
        kept: list[ParkedWatch] = []
        for one in self.watches:
            prefix = one.watch.prefix
            hit = touched.get(prefix)
            if hit is None:
                hit = touched[prefix] = any(key.startswith(prefix) for key in keys)
            (taken if hit else kept).append(one)
        self.watches = kept
        return taken

    def take_claims(self) -> list[Queued]:
        """Take all claims, those that came first in front."""
        taken, self.claims = self.claims, []
        return taken

    def take_due_watches(self, now: float) -> list[ParkedWatch]:
        """Take those that have waited long enough."""
        taken = [one for one in self.watches if one.until <= now]
        if taken:
            self.watches = [one for one in self.watches if one.until > now]
        return taken

    def next_due(self) -> float | None:
        """When the first of them has waited long enough."""
        times = [one.until for one in self.watches]
        times += [one.until for one in self.claims]
        return min(times, default=None)
