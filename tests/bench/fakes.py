"""Fakes for the harness: a clock that sides move on, a meter that reads it, sides that only count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shoal.bench.contender import Instruments
from shoal.bench.errors import CannotTakePart
from shoal.bench.processes import Used
from shoal.bench.sides import Contestant, Counts, Outcome, Side, Stage


@dataclass
class World:
    """The fake machine: its time, the CPU it has used, and a diary of what the sides were asked to do."""

    now_s: float = 0.0
    cpu_s: float = 0.0
    memory_b: int = 0
    diary: list[str] = field(default_factory=list)
    _begun: tuple[float, int] = (0.0, 0)

    def clock(self) -> float:
        return self.now_s

    async def rest(self, duration_s: float) -> None:
        self.now_s += duration_s
        self.cpu_s += 0.1 * duration_s

    def begin(self, *, memory: bool) -> None:
        self._begun = self.cpu_s, self.memory_b

    def observe(self) -> None:
        pass

    def end(self, *, memory: bool) -> Used:
        cpu_s, memory_b = self._begun
        grown = self.memory_b - memory_b if memory else None
        return Used(cpu_s=self.cpu_s - cpu_s, memory_b=grown, lost=0)

    def instruments(self, limit_s: float = 60.0) -> Instruments:
        return Instruments(self, self.clock, limit_s)

    def contestant(self, key: str, rate: float, row: str = "work", **settings: Any) -> Contestant:
        """A contestant whose sides do ``rate`` operations a second at 10 µs of CPU each."""
        return Contestant(key, key.title(), {row: lambda: FakeSide(self, key, rate, **settings)})


class FakeSide(Side):
    """Moves the world's time on instead of working."""

    def __init__(
        self,
        world: World,
        name: str,
        rate: float,
        *,
        counts: Counts | None = None,
        latencies_s: Callable[[int], list[float]] = lambda _: [],
        fails: str = "",
        absent: str = "",
        remark: str = "",
        prepares: bool = False,
        miscounts_by: int = 0,
        memory_each_b: int = 0,
        growth: float | None = None,
    ) -> None:
        self.counts = counts or Counts()
        self._world, self._name, self._rate = world, name, rate
        self._latencies_s, self._fails, self._miscounts_by = latencies_s, fails, miscounts_by
        self._memory_each_b = memory_each_b
        self._absent, self._prepares, self._growth = absent, prepares, growth
        self.remark = remark

    async def setup(self, stage: Stage) -> None:
        self._note("setup")
        if self._absent:
            raise CannotTakePart(self._absent)
        self._world.now_s += 5.0

    async def prepare(self, count: int) -> None:
        if self._prepares:
            self._note(f"prepare {count}")
            self._world.now_s += 3.0

    async def run(self, count: int) -> Outcome:
        self._note(f"run {count}", step="run")
        self._world.now_s += count / self._rate
        self._world.cpu_s += count * 10e-6
        self._world.memory_b += count * self._memory_each_b
        return Outcome(
            done=count + self._miscounts_by, latencies_s=self._latencies_s(count), growth=self._growth
        )

    async def settle(self) -> None:
        self._note("settle")
        self._world.now_s += 7.0

    async def teardown(self) -> None:
        self._note("teardown")

    def _note(self, what: str, step: str = "") -> None:
        self._world.diary.append(f"{self._name} {what}")
        if self._fails == (step or what):
            raise RuntimeError(f"{what} went wrong")
