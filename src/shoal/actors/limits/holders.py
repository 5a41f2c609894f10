"""The processes that hold permits or wait for them: when each was last heard from, and what it is to be told. Pure, but
for the answers' futures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from shoal.actors.limits.book import Decision, Denied
from shoal.actors.limits.requests import Request
from shoal.models.errors import LimitError
from shoal.runtime.incarnation import Lineage, lineage


class Asked(NamedTuple):
    """A request and its answer to be."""

    request: Request
    answer: asyncio.Future[bytes]

    def reply(self, packed: bytes) -> None:
        """Answer, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_result(packed)


class _Holder:
    __slots__ = ("denied", "granted", "heard_at", "poll")

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.granted: list[int] = []
        self.denied: list[tuple[int, LimitError]] = []
        self.poll: Asked | None = None


class Holders:
    """Of one limiter."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._holders: dict[str, _Holder] = {}

    def knows(self, name: str) -> bool:
        """Whether it was heard from, and not silent for too long since."""
        return name in self._holders

    def heard(self, name: str, now: float) -> list[str]:
        """One was heard from. Returns those that are dead since: earlier incarnations of the same host."""
        holder = self._holders.get(name)
        if holder is not None:
            holder.heard_at = now
            return []
        dead = [other for other in self._holders if _succeeds(name, other)]
        for other in dead:
            del self._holders[other]
        self._holders[name] = holder = _Holder()
        holder.heard_at = now
        return dead

    def silent(self, now: float) -> list[tuple[str, Asked | None]]:
        """Those that were not heard from for a lease, each with its poll: they are forgotten, and told of once."""
        gone = [
            (name, one.poll) for name, one in self._holders.items() if now - one.heard_at >= self._lease_s
        ]
        for name, _ in gone:
            del self._holders[name]
        return gone

    def next_at(self) -> float | None:
        """When the next one may have been silent for too long."""
        return min((one.heard_at + self._lease_s for one in self._holders.values()), default=None)

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Note for each what it is to be told."""
        for decision in decisions:
            name, _, number = decision.id.rpartition("/")
            holder = self._holders.get(name)
            if holder is None:
                continue  # it is dead
            if isinstance(decision, Denied):
                holder.denied.append((int(number), decision.error))
            else:
                holder.granted.append(int(number))

    def take_news(self, name: str) -> tuple[list[int], list[tuple[int, LimitError]]]:
        """What one is to be told now."""
        holder = self._holders.get(name)
        if holder is None:
            return [], []
        news = holder.granted, holder.denied
        holder.granted, holder.denied = [], []
        return news

    def park(self, poll: Asked) -> Asked | None:
        """Keep a poll until there is something to tell. Returns the one it takes the place of."""
        holder = self._holders.get(poll.request.holder)
        if holder is None:
            return poll
        before, holder.poll = holder.poll, poll
        return before

    def to_tell(self) -> list[Asked]:
        """Polls that can be answered; each is taken out."""
        ready = []
        for holder in self._holders.values():
            if holder.poll is None or not (holder.granted or holder.denied):
                continue
            if not holder.poll.answer.done():
                ready.append(holder.poll)
            holder.poll = None
        return ready

    def polls(self) -> list[Asked]:
        """All polls that wait."""
        return [holder.poll for holder in self._holders.values() if holder.poll is not None]


def _succeeds(name: str, other: str) -> bool:
    """Whether ``name`` is of the same host as ``other``, and not before it."""
    new, old = _lineage(name), _lineage(other)
    return new is not None and old is not None and new.name == old.name and new.generation >= old.generation


def _lineage(name: str) -> Lineage | None:
    try:
        return lineage(bytes.fromhex(name))
    except ValueError:
        return None
