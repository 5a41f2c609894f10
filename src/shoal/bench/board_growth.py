"""What an operation costs in a large region beside a small one, measured the same way for every side.

Both are worked on in turns of ten operations, one right after the other, and each pair of turns has a ratio: what slows
the machine down slows both. An operation's ratio is the median over all pairs, which a stall of the disk does not
move; the worst of the three operations counts, so that a get that grows does not hide behind two writes that do not.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shoal.bench.board_sides import BoardSide, fill
from shoal.bench.board_work import FEW, MANY, Row, entry_key
from shoal.bench.sides import Counts, Outcome
from shoal.bench.workload import Parcel, parcel
from shoal.runtime.system import System

TURN = 10
"""Operations of one kind in one region before the next."""
CYCLE = 2 * 3 * TURN


class Growable(Protocol):
    """What can be compared: a region, or whatever a side has instead."""

    async def get(self, key: str, kind: type[Parcel], /) -> Any: ...

    async def put(self, key: str, value: Parcel, /) -> Any: ...

    async def compare_and_set(self, key: str, value: Parcel, /, *, expected: Any) -> Any: ...


class Writable(Protocol):
    """A board that is not shoal's: no call of it waits."""

    def get(self, key: str, /) -> Row | None: ...

    def put(self, key: str, value: Parcel, author: str, /) -> Row: ...

    def compare_and_set(self, key: str, value: Parcel, expected: Row | None, author: str, /) -> Row: ...


class PlainBoard:
    """One of those as the measurement asks it."""

    def __init__(self, board: Writable) -> None:
        self._board = board

    async def get(self, key: str, kind: type[Parcel]) -> Row | None:
        """The entry of a key."""
        return self._board.get(key)

    async def put(self, key: str, value: Parcel) -> Row:
        """Set a key."""
        return self._board.put(key, value, "client")

    async def compare_and_set(self, key: str, value: Parcel, *, expected: Row | None) -> Row:
        """Set a key that nobody changed meanwhile."""
        return self._board.compare_and_set(key, value, expected, "client")


Turn = tuple[float, float, float]
"""Seconds for ten gets, ten compare-and-sets, ten puts."""


@dataclass(frozen=True, slots=True)
class _Sized:
    """One of the two."""

    region: Growable
    entries: int
    choice: random.Random = field(default_factory=lambda: random.Random(1))

    async def turn(self) -> Turn:
        """Ten gets, ten compare-and-sets of what was got, ten puts."""
        region, keys = self.region, [entry_key(number) for number in self._some()]
        begun = time.perf_counter()
        found = [await region.get(key, Parcel) for key in keys]
        got = time.perf_counter()
        for entry, key in zip(found, keys, strict=True):
            await region.compare_and_set(key, parcel(0), expected=entry)
        swapped = time.perf_counter()
        for key in keys:
            await region.put(key, parcel(1))
        return got - begun, swapped - got, time.perf_counter() - swapped

    def _some(self) -> Sequence[int]:
        return self.choice.sample(range(self.entries), TURN)


async def growth(small: Growable, large: Growable, count: int) -> Outcome:
    """Do ``count`` operations, a multiple of :data:`CYCLE`, half of them in each region."""
    few, many = _Sized(small, FEW), _Sized(large, MANY)
    pairs: list[tuple[Turn, Turn]] = []
    for number in range(count // CYCLE):
        if number % 2:
            less = await few.turn()
            pairs.append((less, await many.turn()))
        else:
            more = await many.turn()
            pairs.append((await few.turn(), more))
    return Outcome(done=len(pairs) * CYCLE, growth=growth_of(pairs))


def growth_of(pairs: Sequence[tuple[Turn, Turn]]) -> float:
    """The worst operation's median ratio of the second of each pair to the first."""
    gets, swaps, puts = (
        statistics.median(after[place] / before[place] for before, after in pairs) for place in range(3)
    )
    return max(gets, swaps, puts)


def growth_counts() -> Counts:
    """Whole cycles only."""
    return Counts(least=CYCLE, step=CYCLE)


class BoardGrowth(BoardSide):
    """Two regions of shoal's blackboard, asked by the client."""

    counts = growth_counts()

    async def hire(self, system: System) -> None:
        """Fill both."""
        self._large = await system.board("large", durable=self._durable).open()
        await fill(self.board, FEW)
        await fill(self._large, MANY)

    async def run(self, count: int) -> Outcome:
        """Compare them."""
        return await growth(self.board, self._large, count)
