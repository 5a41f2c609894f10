"""The actors of the patterns of teams: orchestrators, each of which asks its members, and the members.

All of them take and return packed messages and unpack what they get, as everywhere in this package.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from shoal.actors.llm import Verdict
from shoal.bench.plain_ray.crew import CrewMember
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.topology_work import Again, ForExpert, ToExpert, revised, verdict_on
from shoal.bench.workload import Parcel
from shoal.topologies import Objection


class Member(CrewMember):
    """Returns at once what it gets."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        return pack(unpack(Parcel, packed))

    async def again(self, packed: bytes) -> bytes:
        """The second round of a debate, as its maker."""
        return pack(revised(unpack(Again, packed).draft))

    async def check(self, packed: bytes) -> bytes:
        """One draft, as the checker of a debate."""
        return pack(verdict_on(unpack(Parcel, packed)))

    async def hand_over(self, packed: bytes) -> bytes:
        """One task, as the desk."""
        unpack(Parcel, packed)
        return pack(ToExpert(goal="an answer", reason="it is about something else"))

    async def take_over(self, packed: bytes) -> bytes:
        """One task, as the expert."""
        return pack(unpack(ForExpert, packed).task)


class Neighbour(Member):
    """Asks the next one in line, if there is one."""

    def __init__(self) -> None:
        self._following: Any = None

    async def join(self, following: Any) -> None:
        """Who is next."""
        self._following = following

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        task = unpack(Parcel, packed)
        if self._following is not None:
            task = unpack(Parcel, await self._following.do.remote(pack(task)))
        return pack(task)


class Lead(CrewMember):
    """Base of the orchestrators."""

    def __init__(self) -> None:
        self._members: Sequence[Any] = ()
        self._open: list[int] = []

    async def lead(self, members: Sequence[Any]) -> None:
        """Whom to ask."""
        self._members = members
        self._open = [0] * len(members)


class Orchestrator(Lead):
    """Gives each task to the member with the fewest open ones."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        task = unpack(Parcel, packed)
        place = self._open.index(min(self._open))
        self._open[place] += 1
        try:
            return pack(unpack(Parcel, await self._members[place].do.remote(pack(task))))
        finally:
            self._open[place] -= 1


class Conductor(Lead):
    """Takes each task through all members."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        item = unpack(Parcel, packed)
        for member in self._members:
            item = unpack(Parcel, await member.do.remote(pack(item)))
        return pack(item)


class Collector(Lead):
    """Asks all members at once and answers when all have; also as the supervisor of a branch."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        asked = pack(unpack(Parcel, packed))
        answers = await asyncio.gather(*[member.do.remote(asked) for member in self._members])
        first, *_ = [unpack(Parcel, answer) for answer in answers]
        return pack(first)


class Debate(Lead):
    """A maker and a checker, round by round."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        maker, checker = self._members
        task = unpack(Parcel, packed)
        draft = unpack(Parcel, await maker.do.remote(pack(task)))
        for number in range(2, 4):
            verdict = unpack(Verdict, await checker.check.remote(pack(draft)))
            if verdict.good:
                break
            objection = Objection(by="1", why=verdict.why)
            again = Again(task=task, draft=draft, objections=(objection,), round=number)
            draft = unpack(Parcel, await maker.again.remote(pack(again)))
        return pack(draft)


class Switchboard(Lead):
    """A desk that hands over, and an expert."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        desk, expert = self._members
        task = unpack(Parcel, packed)
        said = unpack(ToExpert, await desk.hand_over.remote(pack(task)))
        path = [{"by": "desk", "to": said.to, "reason": said.reason}]
        handed = ForExpert.model_validate(
            {"task": task, "goal": said.goal, "reason": said.reason, "path": path}
        )
        return pack(unpack(Parcel, await expert.take_over.remote(pack(handed))))


class Guide(Lead):
    """One node, two side by side, one."""

    async def do(self, packed: bytes) -> bytes:
        """One task."""
        first, left, right, last = self._members
        asked = pack(unpack(Parcel, await first.do.remote(pack(unpack(Parcel, packed)))))
        answers = await asyncio.gather(left.do.remote(asked), right.do.remote(asked))
        joined, _ = [unpack(Parcel, answer) for answer in answers]
        return pack(unpack(Parcel, await last.do.remote(pack(joined))))
