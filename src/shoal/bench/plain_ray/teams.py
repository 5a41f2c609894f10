"""The patterns of teams: the client asks an orchestrator, an async actor, which asks the members.

Tried, at 256 tasks in flight (tasks/s). The client of a worker team: windows of 256 with ``ray.get``, 248; 256 tasks
that each await one call after the other, 247; ``ray.wait`` for 64 of them, then refill, 238. The conductor of a
pipeline: awaiting each stage and unpacking what it returned, 61; handing its bytes on unread, 62; handing the ObjectRef
of one stage to the next and awaiting the last, 61.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import ray

from shoal.bench.errors import Miscounted
from shoal.bench.plain_ray.crew import Crew
from shoal.bench.plain_ray.leads import (
    Collector,
    Conductor,
    Debate,
    Guide,
    Lead,
    Member,
    Neighbour,
    Orchestrator,
    Switchboard,
)
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.topology_work import MEMBERS, Findings
from shoal.bench.workload import Parcel, parcel

IN_FLIGHT = 256


class PlainTeam(Side):
    """One call a message, a process each."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)
    answer: type[Parcel | Findings] = Parcel
    """What comes back."""

    def __init__(self, kind: type[Lead], members: int) -> None:
        self._kind = kind
        self._count = members
        self._crew = Crew()
        self._lead: Any = None

    async def setup(self, stage: Stage) -> None:
        """Start the members and who leads them."""
        self._lead = await self._team(self._kind, self._count)

    async def _team(self, kind: type[Lead], count: int) -> Any:
        members = await self._crew.hire(Member, count)
        return await self._led(kind, list(members))

    async def _led(self, kind: type[Lead], members: list[Any]) -> Any:
        (lead,) = await self._crew.hire(kind)
        await lead.lead.remote(members)
        return lead

    async def run(self, count: int) -> Outcome:
        """Do ``count`` tasks."""
        return Outcome(done=await asyncio.to_thread(self._do, count))

    async def teardown(self) -> None:
        """Stop them."""
        await self._crew.dismiss()

    def _do(self, count: int) -> int:
        for start in range(0, count, IN_FLIGHT):
            numbers = range(start, start + IN_FLIGHT)
            answers = ray.get([self._lead.do.remote(pack(parcel(number))) for number in numbers])
            for number, answer in zip(numbers, answers, strict=True):
                if unpack(self.answer, answer).number != parcel(number).number:
                    raise Miscounted(f"task {number} was answered with another one's answer")
        return count


class PlainSingle(PlainTeam):
    """The client asks the one member."""

    def __init__(self) -> None:
        super().__init__(Lead, 1)

    async def setup(self, stage: Stage) -> None:
        """Start it."""
        (self._lead,) = await self._crew.hire(Member)


class PlainHierarchy(PlainTeam):
    """A supervisor over two, over two members each."""

    def __init__(self) -> None:
        super().__init__(Collector, 2)

    async def setup(self, stage: Stage) -> None:
        """Start the branches, then who leads them."""
        branches = [await self._team(Collector, 2) for _ in range(2)]
        self._lead = await self._led(Collector, branches)


class PlainMesh(PlainTeam):
    """Peers in a line; who leads them asks the first."""

    def __init__(self) -> None:
        super().__init__(Conductor, 4)

    async def setup(self, stage: Stage) -> None:
        """Start the peers, then who leads them."""
        peers = await self._crew.hire(Neighbour, self._count)
        for one, following in pairwise(peers):
            await one.join.remote(following)
        self._lead = await self._led(self._kind, [peers[0]])


TEAMS: Mapping[str, SideFactory] = {
    "worker": lambda: PlainTeam(Orchestrator, MEMBERS),
    "pipeline": lambda: PlainTeam(Conductor, MEMBERS),
    "fan_out": lambda: PlainTeam(Collector, MEMBERS),
    "single": PlainSingle,
    "debate": lambda: PlainTeam(Debate, 2),
    "handoff": lambda: PlainTeam(Switchboard, 2),
    "hierarchy": PlainHierarchy,
    "graph": lambda: PlainTeam(Guide, 4),
    "mesh": PlainMesh,
}
"""A team for each pattern, by row."""
