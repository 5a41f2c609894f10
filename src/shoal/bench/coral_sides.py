"""shoal's sides of the row coral: agents that hand dialogues to one another, see ``coral.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shoal.actors.agent import Agent
from shoal.bench.coral import IN_FLIGHT, ROLES, Dialogue, continued, next_role, question
from shoal.bench.errors import Miscounted
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.runtime.starting import start
from shoal.runtime.system import System

_DESK = "desk"


class Speaker(Agent):
    """Has its turn and hands the dialogue to whose turn it is then, or to the desk."""

    async def on_dialogue(self, dialogue: Dialogue, ctx: Context) -> None:
        """One turn."""
        after = continued(dialogue)
        await ctx.tell(next_role(after) or _DESK, after)


class Desk(Agent):
    """Hands out the questions, so many at a time, and counts the dialogues that are over."""

    concurrency = 2

    def __init__(self) -> None:
        self._begun = 0
        self._ended = 0
        self._free = asyncio.Semaphore(IN_FLIGHT)
        self._news = asyncio.Event()

    async def on_run(self, count: int, ctx: Context) -> int:
        """Do ``count`` tasks; returns how many have ended."""
        before, first = self._ended, self._begun
        for number in range(first, first + count):
            await self._free.acquire()
            self._begun += 1
            await ctx.tell(ROLES[0], question(number))
        while self._ended < before + count:
            self._news.clear()
            await self._news.wait()
        return self._ended - before

    async def on_dialogue(self, dialogue: Dialogue, ctx: Context) -> None:
        """One has ended."""
        if not dialogue.over:
            raise Miscounted(f"dialogue {dialogue.number} came back after {dialogue.turns} turns")
        self._ended += 1
        self._free.release()
        self._news.set()


class CoralSide(Side):
    """Four speakers and a desk."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    def __init__(self, target: str | None) -> None:
        self._target = target
        self._system: System | None = None

    async def setup(self, stage: Stage) -> None:
        """Start the agents, a process each on Ray, and do some tasks."""
        self._system = system = await start(self._target, ask_timeout_s=120.0)
        speakers = [system.spawn(Speaker, name=role) for role in ROLES]
        self._desk: Ref = (await asyncio.gather(system.spawn(Desk, name=_DESK), *speakers))[0]
        await self.run(IN_FLIGHT)

    async def run(self, count: int) -> Outcome:
        """Do ``count`` tasks, 100 in flight."""
        return Outcome(done=await self._desk.ask(count))

    async def teardown(self) -> None:
        """Stop everything."""
        if self._system is not None:
            await self._system.shutdown()


def coral_sides(target: str | None) -> Mapping[str, SideFactory]:
    """The row's name and its side."""
    return {"coral": lambda: CoralSide(target)}
