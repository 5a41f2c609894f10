"""Runs a row: sets its sides up, finds their counts, lets them take turns, and tears them down.

Only what happens inside ``Side.run`` is timed. Everything that is set up is torn down, whatever happens in
between, and a side that fails leaves the row while the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoal.bench.calibration import turn_order
from shoal.bench.contender import Contender, Instruments
from shoal.bench.results import BarResult, RowResult, Settings
from shoal.bench.rows import Row
from shoal.bench.sides import Contestant, Stage


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs rows, one after the other."""

    stage: Stage
    settings: Settings
    instruments: Instruments
    rest: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    notify: Callable[[str], None] = lambda _: None
    """Told in a few words what is being done."""

    async def run(self, row: Row, contestants: Sequence[Contestant]) -> RowResult:
        """Measure ``row`` with those of ``contestants`` that take part in it.

        Never raises for a side's sake: what a side raised is in its result.
        """
        contenders = {
            one.key: Contender(one, row, self.instruments) for one in contestants if row.name in one.sides
        }
        idle_cores = None
        try:
            if not row.fresh:
                for contender in contenders.values():
                    await contender.attempt(self._prepare(contender))
                idle_cores = await self._idle_cores(row)
            await self._rounds(row, contenders)
        finally:
            if not row.fresh:
                for contender in reversed(contenders.values()):
                    await contender.attempt(contender.tear_down())
        return result_of(row, contenders, idle_cores)

    async def _prepare(self, contender: Contender) -> None:
        key, name = contender.contestant.key, contender.row.name
        self.notify(f"{name}: starting {key}")
        await contender.set_up(self.stage)
        self.notify(f"{name}: how much {key} does in {self.settings.seconds:g} s")
        await contender.calibrate(self.settings.seconds)

    async def _rounds(self, row: Row, contenders: Mapping[str, Contender]) -> None:
        rounds = min(self.settings.rounds, row.rounds_at_most or self.settings.rounds)
        for number in range(rounds):
            standing = [key for key, contender in contenders.items() if contender.standing]
            for turn, key in enumerate(turn_order(standing, number)):
                self.notify(f"{row.name}: round {number + 1} of {rounds}, {key}")
                contender = contenders[key]
                if row.fresh:
                    await self._fresh_turn(contender, number, turn)
                else:
                    await contender.attempt(contender.sample(number, turn))

    async def _fresh_turn(self, contender: Contender, number: int, turn: int) -> None:
        """A turn of a side that is set up for it and torn down after it."""

        async def whole() -> None:
            await contender.set_up(self.stage)
            await contender.sample(number, turn)

        contender.renew()
        try:
            await contender.attempt(whole())
        finally:
            await contender.attempt(contender.tear_down())

    async def _idle_cores(self, row: Row) -> float | None:
        """How many cores everything that was set up uses while nothing is asked of it."""
        self.notify(f"{row.name}: what the idle processes use")
        meter, clock = self.instruments.meter, self.instruments.clock
        meter.begin(memory=False)
        begun = clock()
        await self.rest(self.settings.seconds)
        wall_s = clock() - begun
        used = meter.end(memory=False)
        return used.cpu_s / wall_s if wall_s > 0 else None


def result_of(row: Row, contenders: Mapping[str, Contender], idle_cores: float | None) -> RowResult:
    """What came of ``row``, its bars judged."""
    absent = {key: one.absent for key, one in contenders.items() if one.absent is not None}
    sides = {key: contender.result() for key, contender in contenders.items() if key not in absent}
    return RowResult(
        name=row.name,
        what=row.what,
        op=row.op,
        figure=row.figure,
        sides=sides,
        absent=absent,
        bars=tuple(BarResult.of(bar, sides) for bar in row.bars),
        messages=row.messages,
        idle_cores=idle_cores,
    )
