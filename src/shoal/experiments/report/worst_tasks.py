"""Which tasks are worth a look: those that failed, the slowest, the dearest, those that scored lowest. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from shoal.experiments.result import Result, State

MOST = 10
"""Of each kind."""


class Why(StrEnum):
    """Why a task is among the worst."""

    FAILED = "failed"
    LOWEST = "lowest score"
    SLOWEST = "slowest"
    DEAREST = "dearest"


class Worst(NamedTuple):
    """A task, and for what."""

    result: Result
    why: tuple[Why, ...]


Rank = tuple[float, ...]


class WorstTasks:
    """Fed with results, in the workload's order; keeps few of them."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[Why, list[tuple[Rank, int, Result]]] = {why: [] for why in Why}
        self._seen = 0

    def add(self, result: Result) -> None:
        """One more."""
        self._seen += 1
        for why, rank in _RANKS.items():
            found = rank(result)
            if found is not None:
                kept = self._kept[why]
                kept.append((found, self._seen, result))
                if len(kept) > 8 * self._most:
                    self._cut(why)

    def found(self) -> list[Worst]:
        """Each once, with all that it is among the worst for."""
        whys: dict[str, list[Why]] = {}
        results: dict[str, Result] = {}
        for why in Why:
            self._cut(why)
            for _, _, result in self._kept[why]:
                whys.setdefault(result.task, []).append(why)
                results[result.task] = result
        return [Worst(result, tuple(whys[task])) for task, result in results.items()]

    def _cut(self, why: Why) -> None:
        kept = self._kept[why]
        kept.sort(key=lambda item: item[:2])
        del kept[self._most :]


def _failed(result: Result) -> Rank | None:
    return () if result.state is State.FAILED else None


def _lowest(result: Result) -> Rank | None:
    if result.score is None or result.score >= 1 or result.state not in (State.DONE, State.PARTIAL):
        return None
    return (result.score,)


def _slowest(result: Result) -> Rank | None:
    return None if result.took_s is None else (-result.took_s,)


def _dearest(result: Result) -> Rank | None:
    return (-result.usd, -result.tokens) if result.tokens else None


_RANKS: dict[Why, Callable[[Result], Rank | None]] = {
    Why.FAILED: _failed,
    Why.LOWEST: _lowest,
    Why.SLOWEST: _slowest,
    Why.DEAREST: _dearest,
}
