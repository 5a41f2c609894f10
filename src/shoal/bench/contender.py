"""A contestant at work in one row: its side with limits around each step, its count, its runs, its error.

Whatever a side raises is kept as its error and ends its part in the row; nothing waits forever. One that cannot take
part on this machine is no error, but absent.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shoal.bench.calibration import final_count, next_trial
from shoal.bench.errors import CannotTakePart, Miscounted, SideTimedOut
from shoal.bench.processes import Meter
from shoal.bench.results import Sample, SideResult
from shoal.bench.rows import Row
from shoal.bench.sides import Contestant, Outcome, Side, Stage
from shoal.bench.spread import percentile

T = TypeVar("T")

STEP_LIMIT_S = 120.0
"""Starting an actor's process takes about half a second on a quiet machine, and rows start up to nine; the
longest run of a fixed count has a bar of 60 s."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What a contender measures with; the tests put fakes here."""

    meter: Meter
    clock: Callable[[], float] = time.perf_counter
    limit_s: float = STEP_LIMIT_S
    """The longest that one step of a side may take."""


@dataclass(slots=True)
class Contender:
    """One contestant in one row."""

    contestant: Contestant
    row: Row
    instruments: Instruments
    count: int = 0
    samples: list[Sample] = field(default_factory=list)
    error: str | None = None
    absent: str | None = None
    """Why it cannot take part on this machine."""
    remark: str = ""
    side: Side = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Take a fresh side, which is not set up yet."""
        self.side = self.contestant.sides[self.row.name]()
        self.count = self.side.counts.least

    async def attempt(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work``; whatever it raises becomes the error, unless there is an earlier one."""
        try:
            await work
        except CannotTakePart as reason:
            self.absent = str(reason)
        except Exception as error:
            self.error = self.error or f"{type(error).__name__}: {error}"

    @property
    def standing(self) -> bool:
        """Whether it still takes part."""
        return self.error is None and self.absent is None

    async def set_up(self, stage: Stage) -> None:
        """Start what the runs need."""
        await self._within("to set up", self.side.setup(stage))
        self.remark = self.side.remark

    async def tear_down(self) -> None:
        """Stop what was started."""
        await self._within("to tear down", self.side.teardown())

    async def calibrate(self, aim_s: float) -> None:
        """Find the count whose run lasts ``aim_s`` seconds; the trials warm the side up."""
        counts = self.side.counts
        trial: int | None = counts.least
        while trial is not None:
            self.count = trial
            await self._prepare()
            begun = self.instruments.clock()
            await self._run()
            took_s = self.instruments.clock() - begun
            await self._settle()
            trial = next_trial(self.count, took_s, aim_s, counts)
        self.count = final_count(self.count, took_s, aim_s, counts)

    async def sample(self, number: int, turn: int) -> None:
        """Time one run as turn ``turn`` of round ``number``."""
        await self._prepare()
        gc.collect()  # now, and not in the middle of the run for what another side left behind
        meter, memory = self.instruments.meter, self.row.memory
        meter.begin(memory=memory)
        begun = self.instruments.clock()
        outcome = await self._run()
        wall_s = self.instruments.clock() - begun
        used = meter.end(memory=memory)
        latencies_s = outcome.latencies_s
        self.samples.append(
            Sample(
                round=number,
                turn=turn,
                count=outcome.done,
                wall_s=wall_s,
                cpu_total_s=used.cpu_s,
                memory_total_b=used.memory_b,
                p50_s=percentile(latencies_s, 50) if latencies_s else None,
                p99_s=percentile(latencies_s, 99) if latencies_s else None,
                growth=outcome.growth,
                processes_lost=used.lost,
            )
        )
        await self._settle()

    def result(self) -> SideResult:
        """What came of it."""
        return SideResult.of(self.contestant.title, self.samples, self.error, self.remark)

    async def _prepare(self) -> None:
        await self._within("to prepare a run", self.side.prepare(self.count))

    async def _run(self) -> Outcome:
        outcome = await self._within("for a run", self.side.run(self.count))
        if outcome.done != self.count:
            raise Miscounted(f"it was given {self.count:,} operations and handled {outcome.done:,}")
        return outcome

    async def _settle(self) -> None:
        await self._within("to settle", self.side.settle())

    async def _within(self, what: str, work: Coroutine[Any, Any, T]) -> T:
        limit_s = self.instruments.limit_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await work
        except TimeoutError as error:
            if not limit.expired():
                raise  # the side's own
            raise SideTimedOut(f"{self.contestant.title} needed more than {limit_s:g} s {what}") from error
