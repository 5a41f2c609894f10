"""shoal's sides of the rows about limits: permits from the limiter, which writes each down before it is given.

On Ray the limiter has a process of its own; each call is charged to four levels. What was spent is counted by the
limiter.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping

from pydantic import BaseModel

from shoal.actors.agent import Agent
from shoal.actors.limits import LimitsSpec, LocalPermits, open_limits, permits_of
from shoal.bench.errors import Miscounted
from shoal.bench.shoal_sides import _ShoalSide
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.models.permits import Budget, Level, Permits, Settlement, Want
from shoal.runtime.context import Context
from shoal.runtime.starting import start
from shoal.runtime.system import System

SPENDERS = 8
PROCESSES = 2
TASKS = 64
_PLENTY = Budget(calls=10**12, tokens=10**15, usd=1e9)


class Spend(BaseModel):
    """Take and give back so many permits, each of ``tasks`` tasks one at a time."""

    count: int
    tasks: int


class Spender(Agent):
    """Answers with how long it had to wait for each permit, in seconds."""

    async def on_spend(self, spend: Spend, ctx: Context) -> list[float]:
        """Do it."""
        permits = permits_of(ctx)
        latencies_s = await take_all(permits, spend, ctx.address)
        await permits.flush()
        return latencies_s


async def take_all(permits: Permits, spend: Spend, who: str) -> list[float]:
    """Take and give back; how long it took to get each, in seconds."""
    latencies_s: list[float] = []

    async def one_task(task: str) -> None:
        levels = (Level("team/bench"), Level(f"agent/{who}"), Level(f"task/{task}"))
        for _ in range(spend.count // spend.tasks):
            begun = time.perf_counter()
            permit = await permits.acquire(Want("bench", "bench", 1000, 0.001, levels, task=task))
            latencies_s.append(time.perf_counter() - begun)
            permit.settle(Settlement(500, 0.0005))

    await asyncio.gather(*(one_task(f"{who}-{number}") for number in range(spend.tasks)))
    return latencies_s


class PermitSide(_ShoalSide):
    """A system with limits and those who spend."""

    def __init__(self, target: str | None, spenders: int, tasks: int) -> None:
        super().__init__(target)
        self.counts = Counts(least=spenders * tasks, step=spenders * tasks)
        self._number = spenders
        self._tasks = tasks

    async def setup(self, stage: Stage) -> None:
        """Start the system and open its limits; then the agents."""
        self._runs = tempfile.TemporaryDirectory(prefix="shoal-bench-")
        self._system = await start(self._target, run_dir=self._runs.name, ask_timeout_s=120.0)
        self._limits = await open_limits(self._system, LimitsSpec(run=_PLENTY))
        await self.hire(self._system)

    async def hire(self, system: System) -> None:
        """Those who spend, in at most two processes; each has taken a permit."""
        hosts = [await system.host(f"crowd-{number}") for number in range(min(PROCESSES, self._number))]
        self._spenders = [
            await system.spawn(Spender, name=f"spender-{number}", host=hosts[number % len(hosts)])
            for number in range(self._number)
        ]
        await self.run(self.counts.least)

    async def run(self, count: int) -> Outcome:
        """Let each take its share."""
        before = await self._spent()
        spend = Spend(count=count // self._number, tasks=self._tasks)
        shares = await asyncio.gather(*(spender.ask(spend) for spender in self._spenders))
        done = await self._spent() - before
        if done != count:
            raise Miscounted(f"of {count} permits the limiter has booked {done}")
        return Outcome(done=done, latencies_s=[latency_s for share in shares for latency_s in share])

    async def _spent(self) -> int:
        run = (await self._limits.status()).levels.get("run")
        return 0 if run is None else run.spent.calls

    async def teardown(self) -> None:
        """Stop it, and remove what it wrote."""
        await super().teardown()
        self._runs.cleanup()


class AloneSide(Side):
    """The same rules in this process alone, without a limiter: the floor."""

    def __init__(self, tasks: int) -> None:
        self.counts = Counts(least=tasks, step=tasks)
        self._tasks = tasks

    async def setup(self, stage: Stage) -> None:
        """Nothing but the book."""
        self._permits = LocalPermits(LimitsSpec(run=_PLENTY))

    async def run(self, count: int) -> Outcome:
        """Take and give back."""
        latencies_s = await take_all(self._permits, Spend(count=count, tasks=self._tasks), "alone")
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)


def permit_sides(target: str | None) -> Mapping[str, SideFactory]:
    """By row."""
    return {
        "permit": lambda: PermitSide(target, 1, 1),
        "permits": lambda: PermitSide(target, SPENDERS, TASKS // SPENDERS),
    }


ALONE: Mapping[str, SideFactory] = {"permit": lambda: AloneSide(1), "permits": lambda: AloneSide(TASKS)}
"""Permits of one process alone, by row."""
