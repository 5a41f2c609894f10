"""Coral's dialogues (see ``shoal.bench.coral``): each actor hands them to the next one itself.

As in the ring, the call that hands one on has no return value, which was as fast as any other way or faster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shoal.bench.coral import IN_FLIGHT, ROLES, Dialogue, continued, next_role, question
from shoal.bench.errors import Miscounted
from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.sides import Counts, Outcome, Side, Stage

_DESK = "desk"


class Speaker(CrewMember):
    """Has its turn and hands the dialogue to whose turn it is then, or to the desk."""

    async def join(self, actors: Mapping[str, Any]) -> None:
        """Who the others are."""
        self._take = {name: actor.take.options(num_returns=0) for name, actor in actors.items()}

    async def take(self, packed: bytes) -> None:
        """One turn."""
        after = continued(unpack(Dialogue, packed))
        self._take[next_role(after) or _DESK].remote(pack(after))


class Desk(Speaker):
    """Hands out the questions, so many at a time, and counts the dialogues that are over."""

    def __init__(self) -> None:
        self._begun = 0
        self._ended = 0
        self._free = asyncio.Semaphore(IN_FLIGHT)
        self._news = asyncio.Event()

    async def do(self, count: int) -> int:
        """Do ``count`` tasks; returns how many have ended."""
        before, first = self._ended, self._begun
        for number in range(first, first + count):
            await self._free.acquire()
            self._begun += 1
            self._take[ROLES[0]].remote(pack(question(number)))
        while self._ended < before + count:
            self._news.clear()
            await self._news.wait()
        return self._ended - before

    async def take(self, packed: bytes) -> None:
        """One has ended."""
        dialogue = unpack(Dialogue, packed)
        if not dialogue.over:
            raise Miscounted(f"dialogue {dialogue.number} came back after {dialogue.turns} turns")
        self._ended += 1
        self._free.release()
        self._news.set()


class PlainCoral(Side):
    """Four speakers and a desk."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    def __init__(self) -> None:
        self._crew = Crew()

    async def setup(self, stage: Stage) -> None:
        """Start them."""
        speakers = await self._crew.hire(Speaker, len(ROLES))
        (self._desk,) = await self._crew.hire(Desk)
        actors = dict(zip((*ROLES, _DESK), (*speakers, self._desk), strict=True))
        await asyncio.gather(*[actor.join.remote(actors) for actor in actors.values()])

    async def run(self, count: int) -> Outcome:
        """Do ``count`` tasks, 100 in flight."""
        return Outcome(done=await self._desk.do.remote(count))

    async def teardown(self) -> None:
        """Stop them."""
        await self._crew.dismiss()
