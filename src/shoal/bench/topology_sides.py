"""Sides of the rows about topologies: a team, and a client that keeps so many tasks in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from shoal.bench.errors import Miscounted
from shoal.bench.sides import Counts, Outcome, Side, SideFactory, Stage
from shoal.bench.topology_teams import TEAMS
from shoal.bench.workload import parcel
from shoal.runtime.starting import start
from shoal.runtime.system import System
from shoal.topologies import Topology

IN_FLIGHT = 256


class TeamSide(Side):
    """One team; the client is this process."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    def __init__(self, target: str | None, team: Callable[[], Topology]) -> None:
        self._target = target
        self._make = team
        self._system: System | None = None

    async def setup(self, stage: Stage) -> None:
        """Start the team, an agent a process on Ray; each has answered once."""
        self._system = await self.begin()
        await self.open(self._system)
        self._team = await self._system.build(self._make(), name="team")
        await self.run(IN_FLIGHT)

    async def begin(self) -> System:
        """The system, before there is a team."""
        return await start(self._target, ask_timeout_s=120.0)

    async def open(self, system: System) -> None:
        """Make ready what the team finds there."""

    @property
    def system(self) -> System:
        """The running system."""
        if self._system is None:
            raise RuntimeError("the side is not set up")
        return self._system

    async def run(self, count: int) -> Outcome:
        """Do ``count`` tasks: 256 askers, each with one task after the other."""

        async def do_share(first: int) -> int:
            for number in range(first, count, IN_FLIGHT):
                answer = await self._team.ask(parcel(number))
                if answer.number != parcel(number).number:
                    raise Miscounted(f"task {number} was answered with {answer}")
            return len(range(first, count, IN_FLIGHT))

        return Outcome(done=sum(await asyncio.gather(*(do_share(first) for first in range(IN_FLIGHT)))))

    async def teardown(self) -> None:
        """Stop everything."""
        if self._system is not None:
            await self._system.shutdown()


class SwarmSide(TeamSide):
    """A team that works off a board; the board is in memory, as plain Ray's is, and has a process of its own."""

    async def open(self, system: System) -> None:
        """The region."""
        await system.board(durable=False).open()


def team_sides(target: str | None) -> Mapping[str, SideFactory]:
    """A team for each pattern, by row."""

    def side_of(row: str, team: Callable[[], Topology]) -> SideFactory:
        kind = SwarmSide if row == "swarm" else TeamSide
        return lambda: kind(target, team)

    return {row: side_of(row, team) for row, team in TEAMS.items()}
