"""Kills processes of agents while they work, to show that what they do comes out the same.

When is spread over the run by what is done, and who is drawn from those that live then: both by a seed.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shoal.runtime.errors import ConfigError
from shoal.runtime.system import System

MOST_OF_ONE = 15
"""Kills of one agent at most: the system gives up an agent that ends more than 20 times in a minute."""
SYSTEM = "(system)"
"""What the system's own supervisor is called among its processes."""


class Kill(NamedTuple):
    """One kill to come."""

    at: int
    """When so many tasks are done."""
    supervisor: bool
    """Whether it hits the system's supervisor; else an agent."""


def plan_kills(total: int, agents: int, supervisor: bool, seed: int) -> list[Kill]:
    """So many kills of agents, spread over ``total`` tasks with some jitter; the supervisor's in the middle."""
    dice = random.Random(seed)
    kills = [Kill(int(total * (number + dice.uniform(0.2, 0.8)) / agents), False) for number in range(agents)]
    return sorted([*kills, Kill(total // 2, True)] if supervisor else kills)


class Chaos:
    """Does what was planned."""

    def __init__(self, system: System, agents: Sequence[str], plan: Sequence[Kill], seed: int) -> None:
        self._system = system
        self._agents = frozenset(agents)
        self._plan = list(plan)
        self._dice = random.Random(seed + 1)
        self._kills: Counter[str] = Counter()
        self._killed: set[int] = set()

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return len(self._killed)

    async def strike(self, done: int) -> None:
        """Kill what is due now that ``done`` tasks are done."""
        while self._plan and self._plan[0].at <= done:
            kill = self._plan.pop(0)
            living = {
                name: pid for name, pid in (await self._system.processes()).items() if pid not in self._killed
            }
            if kill.supervisor:
                victims = [SYSTEM] if SYSTEM in living else []
            else:
                able = sorted(self._agents & living.keys())
                victims = [name for name in able if self._kills[name] < MOST_OF_ONE]
            if victims:
                self._strike(self._dice.choice(victims), living)

    def _strike(self, name: str, living: dict[str, int]) -> None:
        self._kills[name] += 1
        self._killed.add(living[name])
        os.kill(living[name], signal.SIGKILL)


async def check_killable(system: System) -> None:
    """Raise :class:`ConfigError` when there are no processes to kill."""
    if not await system.processes():
        raise ConfigError("there are no processes of agents on this machine to kill: leave out --address")
