"""The wiring that topologies share: specification → validation → running team.

A topology is a specification: members by name, and a front agent that gets their refs. ``build`` checks all of it,
nested topologies included, before anything is started; what was started is stopped again when a part cannot start.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, ShoalError
from shoal.runtime.ref import Ref, check_name
from shoal.runtime.system import System
from shoal.topologies.member import Signature, check_members
from shoal.topologies.team import Team


class Front(Agent):
    """The agent a team is addressed by. Takes what its ``accepts`` says and hands each message to ``lead``.

    Many tasks are in flight at once: it waits for members most of the time and computes little.
    """

    concurrency = 256

    def __init__(self, signature: Signature) -> None:
        # Both are shipped with the agent so that its process has loaded the models: no tag is imported by name.
        self.accepts = signature.accepts
        self.returns = signature.returns

    def handler_table(self) -> HandlerTable:
        """One handler for every type the team accepts; any message when that is not known."""
        kinds = self.accepts if self.accepts is not None else (object,)
        return HandlerTable([Handler(f"{type(self).__name__}.lead", self.lead, kind) for kind in kinds])

    async def lead(self, message: Any, ctx: Context) -> Any:
        """Do one task with the members; return its result."""
        raise ConfigError(f"{type(self).__name__} leads nothing")


class Topology(ABC):
    """A specification of a team. Subclasses are the patterns."""

    pattern: ClassVar[str]

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def validate(self) -> None:
        """Check names, members and how they fit. Raises :class:`ConfigError` naming what does not."""
        check_members(self.pattern, self.members)

    @abstractmethod
    def signature(self) -> Signature:
        """What the team accepts and returns."""

    @abstractmethod
    def front(self, refs: dict[str, Ref]) -> Front | None:
        """The front agent over the members' refs; ``None`` when the only member is the front."""

    async def build(self, system: System, name: str | None) -> Team:
        """Validate everything, then start members and front; all of them, or none."""
        self.validate()
        name = check_name(name or system.fresh_name(self.pattern))
        signature = self.signature()
        if len(self.members) == 1 and self.front({}) is None:
            return await self._build_alone(system, name, signature)
        refs = await self._start_members(system, name)
        try:
            front = await system.spawn(self.front(dict(refs)), name=name)
        except BaseException:
            await _stop_all(system, refs.values())
            raise
        return Team(front, self.pattern, refs, system, signature)

    async def _build_alone(self, system: System, name: str, signature: Signature) -> Team:
        ((member_name, member),) = self.members.items()
        ref = await _start(system, member, name)
        return Team(ref, self.pattern, {member_name: ref}, system, signature)

    async def _start_members(self, system: System, name: str) -> dict[str, Ref]:
        starts = [_start(system, member, f"{name}/{part}") for part, member in self.members.items()]
        started = await asyncio.gather(*starts, return_exceptions=True)
        failed = [result for result in started if isinstance(result, BaseException)]
        if failed:
            await _stop_all(system, [result for result in started if isinstance(result, Ref)])
            raise failed[0]
        return {part: ref for part, ref in zip(self.members, started, strict=True) if isinstance(ref, Ref)}


async def _start(system: System, member: Any, name: str) -> Ref:
    if isinstance(member, Topology):
        return await member.build(system, name)
    return await system.spawn(member, name=name)


async def _stop_all(system: System, refs: Any) -> None:
    for ref in refs:
        try:
            await (ref.stop() if isinstance(ref, Team) else system.stop(ref, kill=True))
        except ShoalError:
            continue  # it is gone already
