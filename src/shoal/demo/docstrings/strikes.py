"""Kills agents of the demo while their run goes on: told by the system when it is there, it follows the results."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from shoal.demo.chaos import Chaos, check_killable, plan_kills
from shoal.experiments.layout import RESULTS_FILE
from shoal.experiments.running.plan import TEAM
from shoal.runtime.config import Config
from shoal.runtime.system import System

_LOOK_S = 0.05


class Strikes:
    """So many kills in each run, spread over it by what is done. An extension of the runtime, see ``register``."""

    def __init__(self, cases: int, kills: int, seed: int) -> None:
        self._cases, self._kills, self._seed = cases, kills, seed
        self._chaos: list[Chaos] = []
        self._striking: asyncio.Task[None] | None = None

    @property
    def kills(self) -> int:
        """How many processes were killed, in all runs."""
        return sum(chaos.kills for chaos in self._chaos)

    def check(self, config: Config) -> None:
        """Nothing to check."""

    async def opened(self, system: System) -> None:
        """Follow this run. Raises ``ConfigError`` when there are no processes to kill."""
        await check_killable(system)
        self.stop()
        self._striking = asyncio.create_task(self._follow(system))

    async def spawning(self, system: System, agent: Any) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Kill nobody any more."""
        if self._striking is not None:
            self._striking.cancel()

    async def _follow(self, system: System) -> None:
        """Look at the results now and then; the agents are there when the first task has ended."""
        results, chaos = system.run.path / RESULTS_FILE, None
        for done in iter(lambda: _lines(results), self._cases):
            if done and chaos is None:
                chaos = await self._chaos_in(system)
            if chaos is not None:
                await chaos.strike(done)
            await asyncio.sleep(_LOOK_S)

    async def _chaos_in(self, system: System) -> Chaos:
        agents = [name for name in await system.processes() if name.partition("/")[0] == TEAM]
        plan = plan_kills(self._cases, self._kills, False, self._seed)
        self._chaos.append(Chaos(system, agents, plan, self._seed))
        return self._chaos[-1]


def _lines(results: Path) -> int:
    """A run adds a line for each task that ends."""
    try:
        return results.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
