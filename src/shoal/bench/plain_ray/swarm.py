"""A swarm: tasks are posted to a board, an actor that keeps items in memory; agents take them from there in a loop.

An agent says that an item is done by a call without a return value, and asks for the next one at once. It does less
than ours: a claim has no lease, so an item whose agent dies is lost, and its task waits for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from shoal.bench.plain_ray.crew import CrewMember
from shoal.bench.plain_ray.leads import Lead
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.plain_ray.teams import PlainTeam
from shoal.bench.sides import Stage
from shoal.bench.topology_work import SWARM_AGENTS, Findings, items_of, of_items
from shoal.bench.workload import Parcel


class Board(CrewMember):
    """Items that wait, and findings by task. It hands on what is packed without reading it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._posted = 0
        self._left: dict[int, int] = {}
        self._findings: dict[int, list[bytes]] = {}
        self._over: dict[int, asyncio.Future[list[bytes]]] = {}

    async def post(self, items: list[bytes]) -> list[bytes]:
        """Items of one task; what was found when all of them are done."""
        self._posted += 1
        task = self._posted
        self._left[task], self._findings[task] = len(items), []
        over: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._over[task] = over
        for item in items:
            self._waiting.put_nowait((task, item))
        return await over

    async def claim(self) -> tuple[int, bytes]:
        """The next item, and which task it is of; waits for one."""
        return await self._waiting.get()

    async def complete(self, task: int, finding: bytes) -> None:
        """An item of a task is done."""
        self._findings[task].append(finding)
        self._left[task] -= 1
        if not self._left[task]:
            del self._left[task]
            self._over.pop(task).set_result(self._findings.pop(task))


class SwarmAgent(CrewMember):
    """Takes items off the board, one after the other."""

    async def work(self, board: Any) -> None:
        """Until it is killed."""
        complete = board.complete.options(num_returns=0)
        while True:
            task, item = await board.claim.remote()
            complete.remote(task, pack(unpack(Parcel, item)))


class Poster(Lead):
    """Posts what there is to do for a task, and answers what was found."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        (board,) = self._members
        items = [pack(item) for item in items_of(unpack(Parcel, packed))]
        findings = await board.post.remote(items)
        return pack(of_items([unpack(Parcel, finding) for finding in findings]))


class PlainSwarm(PlainTeam):
    """A board, agents, and who posts."""

    answer = Findings

    def __init__(self) -> None:
        super().__init__(Poster, SWARM_AGENTS)

    async def setup(self, stage: Stage) -> None:
        """Start them; the agents work from here on."""
        boards = await self._crew.hire(Board)
        for agent in await self._crew.hire(SwarmAgent, self._count):
            agent.work.options(num_returns=0).remote(boards[0])
        self._lead = await self._led(self._kind, list(boards))
