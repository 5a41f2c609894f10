"""The wiring that topologies share: specification → validation → running team.

A topology is a specification: members by name, and a front agent that gets their refs. ``build`` checks all
of it, nested topologies included, before anything is started; what was started is stopped again when a part
cannot start.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import check_recipe
from shoal.runtime.ref import Ref, check_name
from shoal.runtime.system import System
from shoal.topologies.front import Front
from shoal.topologies.signature import Signature, signature_of_agent
from shoal.topologies.team import Team, stop_all


class Topology(ABC):
    """A specification of a team. Subclasses are the patterns: what to check, the signature, the front."""

    pattern: ClassVar[str]

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    @abstractmethod
    def signature(self) -> Signature:
        """What the team accepts and returns. Called after ``validate``."""

    @abstractmethod
    def front(self, refs: dict[str, Ref]) -> Front:
        """The front agent over the members' refs."""

    def validate(self) -> None:
        """Check names, members and how they fit. Raises :class:`ConfigError` naming what does not."""
        if not self.members:
            raise ConfigError(f"{self.pattern} has no members: give it at least one agent")
        for name, member in self.members.items():
            check_name(name)
            try:
                if isinstance(member, Topology):
                    member.validate()
                else:
                    check_recipe(member)
                    signature_of_agent(member)  # reads the handlers, which may be wrong
            except ConfigError as exc:
                raise ConfigError(f"{self.pattern}, member {name!r}: {exc}") from exc

    async def build(self, system: System, name: str | None) -> Team:
        """Validate everything, then start members and front; all of them, or none."""
        self.validate()
        name = name or system.fresh_name(self.pattern)
        addresses = list(self.addresses(name))
        for address in addresses:
            check_name(address)
            if addresses.count(address) > 1:
                raise ConfigError(f"{self.pattern}: two members would be called {address!r}")
        return await self.start(system, name)

    def addresses(self, name: str) -> Iterator[str]:
        """Every address the team will have when it is called ``name``."""
        yield name
        for part, member in self.members.items():
            if isinstance(member, Topology):
                yield from member.addresses(f"{name}/{part}")
            else:
                yield f"{name}/{part}"

    async def start(self, system: System, name: str) -> Team:
        """Start what was validated, members first."""
        refs = await self._start_members(system, name)
        try:
            front = self.front(refs)
            front.signature, front.models = self.signature(), self._models()
            return Team(await system.spawn(front, name=name), self.pattern, refs, system, front.signature)
        except BaseException:
            await stop_all(system, refs.values(), kill=True)
            raise

    async def _start_members(self, system: System, name: str) -> dict[str, Ref]:
        starts = {
            part: asyncio.ensure_future(start_member(system, member, f"{name}/{part}"))
            for part, member in self.members.items()
        }
        try:
            await asyncio.wait(starts.values())
            return {part: start.result() for part, start in starts.items()}
        except BaseException:  # a part failed, or whoever builds gave up
            for start in starts.values():
                start.cancel()
            ended = await asyncio.gather(*starts.values(), return_exceptions=True)
            await stop_all(system, [ref for ref in ended if isinstance(ref, Ref)], kill=True)
            raise

    def _models(self) -> tuple[type, ...]:
        signatures = [signature_of(member) for member in self.members.values()]
        kinds = [kind for one in signatures for kind in (*one.answers, *(one.returns or ()))]
        return tuple(dict.fromkeys(kinds))


def signature_of(member: Any) -> Signature:
    """The signature of what can be a member: an agent, a class, an async function, a factory, a topology."""
    return member.signature() if isinstance(member, Topology) else signature_of_agent(member)


async def start_member(system: System, member: Any, name: str) -> Ref:
    """Start one member: an agent's ref, or a team."""
    if isinstance(member, Topology):
        return await member.start(system, name)
    return await system.spawn(member, name=name)
