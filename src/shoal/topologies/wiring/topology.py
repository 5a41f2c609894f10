"""The wiring that topologies share: specification → validation → running team.

A topology is a specification: members by name, and a front agent that gets their refs. ``check`` looks at all of it,
nested topologies included, and ``build`` does so before anything is started; what was started is stopped again when a
part cannot start.
"""

from __future__ import annotations

import asyncio
import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import check_recipe
from shoal.runtime.ref import Ref, check_name
from shoal.runtime.system import System
from shoal.topologies.wiring.edge import Edge, EdgeRules, check_edge, rules_of, through
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import Link, label_of, node, team_data
from shoal.topologies.wiring.signature import Signature, signature_of_agent
from shoal.topologies.wiring.spread import Spread
from shoal.topologies.wiring.team import Team, stop_all

MOST_DEPTH = 8
"""Teams within teams: a message passes a front for each, and nobody can say any more what happens."""
MOST_MEMBERS = 1000
"""Of one team: its front is one process."""
_CHECKER = "checker"
_LEAD = "lead"


class Topology(ABC):
    """A specification of a team. Subclasses are the patterns: what to check, the signature, the front."""

    pattern: ClassVar[str]
    fronts: int = 1
    """How many agents lead the team, side by side, behind its one address."""

    def __init__(self, members: dict[str, Any]) -> None:
        """``members`` by name: what can be spawned, a topology, or either behind an :func:`~.edge.edge`."""
        self.edges = {name: member for name, member in members.items() if isinstance(member, Edge)}
        self.members = {
            name: member.agent if isinstance(member, Edge) else member for name, member in members.items()
        }

    @abstractmethod
    def signature(self) -> Signature:
        """What the team accepts and returns. Called after ``validate``."""

    @abstractmethod
    def front(self, refs: dict[str, Ref]) -> Front:
        """The front agent over the members' refs."""

    def links(self) -> list[Link]:
        """Who passes what to whom: members by name, ``""`` for the team itself. For people who look."""
        return [Link("", name) for name in self.members]

    def in_its_place(self, refs: dict[str, Ref]) -> list[Ref]:
        """Members that whoever holds the team asks directly, one of them, where the front would only pass it on."""
        return []

    def validate(self) -> None:
        """Check names, members and how they fit. Raises :class:`ConfigError` naming what does not."""
        if not self.members:
            raise ConfigError(f"{self.pattern} has no members: give it at least one agent")
        if len(self.members) > MOST_MEMBERS:
            raise ConfigError(
                f"{self.pattern} has {len(self.members)} members; one team has {MOST_MEMBERS} at most: "
                "make several teams, and one of them"
            )
        if self.fronts < 1:
            raise ConfigError(f"{self.pattern}: {self.fronts} agents cannot lead it; give at least one")
        for name, member in self.members.items():
            check_name(name)
            try:
                _check_member(member)
                if name in self.edges:
                    self._check_edge(self.edges[name])
            except ConfigError as exc:
                raise ConfigError(f"{self.pattern}, member {name!r}: {exc}") from exc

    def signature_of(self, name: str) -> Signature:
        """What a member accepts and returns, seen from before its edge. Called after ``validate`` of the base."""
        inner = signature_of(self.members[name])
        return through(self.edges[name], inner) if name in self.edges else inner

    def check(self, name: str = "team") -> None:
        """Check all of it, as :meth:`build` does before it starts anything. Raises :class:`ConfigError`."""
        _check_depth(self, ())
        self.validate()
        known: set[str] = set()
        for address in self.addresses(name):
            check_name(address)
            if address in known:
                raise ConfigError(f"{self.pattern}: two members would be called {address!r}")
            known.add(address)

    async def build(self, system: System, name: str | None) -> Team:
        """Check everything, then start members and front; all of them, or none."""
        name = name or system.fresh_name(self.pattern)
        self.check(name)
        return await self.start(system, name)

    def describe(self, name: str = "team") -> dict[str, Any]:
        """The team's graph as data; see :mod:`.graph_data`. Called after ``check``."""
        members = {
            part: member.describe(f"{name}/{part}")
            if isinstance(member, Topology)
            else node(f"{name}/{part}", label_of(member))
            for part, member in self.members.items()
        }
        for part, edge in self.edges.items():
            if edge.checker is not None:
                checker = _checker_name(part)
                members[checker] = node(f"{name}/{checker}", label_of(edge.checker))
        return team_data(self.pattern, name, self.signature(), members, self.links(), self.edges, self.fronts)

    def addresses(self, name: str) -> Iterator[str]:
        """Every address the team will have when it is called ``name``."""
        yield name
        if self.fronts > 1:
            yield from (f"{name}/{_LEAD}-{number}" for number in range(1, self.fronts + 1))
        for part, member in self._to_start().items():
            if isinstance(member, Topology):
                yield from member.addresses(f"{name}/{part}")
            else:
                yield f"{name}/{part}"

    async def start(self, system: System, name: str) -> Team:
        """Start what was validated, members first."""
        refs = await self._start_members(system, name)
        try:
            front = self.front({part: _for_fronts(refs[part]) for part in self.members})
            self._equip(front, refs, name)
            leads = await self._start_fronts(system, front, name)
        except BaseException:
            await stop_all(system, refs.values(), kill=True)
            raise
        behind = leads[1:] or self.in_its_place({part: refs[part] for part in self.members})
        return Team(
            leads[0], self.pattern, refs, system, front.signature, leads=behind, graph=self.describe(name)
        )

    # -- inside --------------------------------------------------------------------------------------------

    def _check_edge(self, edge: Edge) -> None:
        if edge.checker is not None:
            _check_member(edge.checker)
        checker = None if edge.checker is None else signature_of(edge.checker)
        check_edge(edge, signature_of(edge.agent), checker)

    def _to_start(self) -> dict[str, Any]:
        """Members, and the checkers of edges."""
        checkers = {
            _checker_name(part): edge.checker for part, edge in self.edges.items() if edge.checker is not None
        }
        return self.members | checkers

    def _equip(self, front: Front, refs: dict[str, Ref], name: str) -> None:
        front.signature, front.models, front.team = self.signature(), self._models(), name
        front.names = {refs[part].address: part for part in self.members}
        rules: dict[str, EdgeRules] = {}
        for part, edge in self.edges.items():
            checker = refs.get(_checker_name(part)) if edge.checker is not None else None
            rules[refs[part].address] = rules_of(edge, signature_of(edge.agent), checker)
        front.edges = rules
        front.keeps_turns = any(rule.needs_history for rule in rules.values())

    async def _start_fronts(self, system: System, front: Front, name: str) -> list[Ref]:
        """The ref the team is addressed by, and where several lead it, those."""
        if self.fronts == 1:
            return [await system.spawn(front, name=name)]
        leads: list[Ref] = []
        try:
            for number in range(1, self.fronts + 1):
                leads.append(await system.spawn(copy.copy(front), name=f"{name}/{_LEAD}-{number}"))
            spread = Spread(lead.address for lead in leads)
            spread.signature, spread.models = front.signature, front.models
            return [await system.spawn(spread, name=name), *leads]
        except BaseException:
            await stop_all(system, leads, kill=True)
            raise

    async def _start_members(self, system: System, name: str) -> dict[str, Ref]:
        starts = {
            part: asyncio.ensure_future(start_member(system, member, f"{name}/{part}"))
            for part, member in self._to_start().items()
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
        """What passes between the members: types of their messages and answers, those of edges included."""
        signatures = [signature_of(member) for member in self._to_start().values()]
        kinds = [kind for one in signatures for kind in (*one.answers, *(one.returns or ()))]
        kinds += [edge.context for edge in self.edges.values() if isinstance(edge.context, type)]
        return tuple(dict.fromkeys(kinds))


def signature_of(member: Any) -> Signature:
    """The signature of what can be a member: an agent, a class, an async function, a factory, a topology."""
    return member.signature() if isinstance(member, Topology) else signature_of_agent(member)


async def start_member(system: System, member: Any, name: str) -> Ref:
    """Start one member: an agent's ref, or a team."""
    if isinstance(member, Topology):
        return await member.start(system, name)
    return await system.spawn(member, name=name)


def _check_member(member: Any) -> None:
    if isinstance(member, Topology):
        member.validate()
    elif isinstance(member, Edge):
        raise ConfigError("an edge leads to an agent or a team, not to another edge")
    else:
        check_recipe(member)
        signature_of_agent(member)  # reads the handlers, which may be wrong


def _check_depth(topology: Topology, above: tuple[Topology, ...]) -> None:
    """No team may be a part of itself, and no team too deep."""
    if any(topology is one for one in above):
        raise ConfigError(f"{topology.pattern}: the team is a member of itself")
    above = (*above, topology)
    if len(above) > MOST_DEPTH:
        raise ConfigError(
            f"teams are nested {len(above)} deep ({' > '.join(one.pattern for one in above)}); at most "
            f"{MOST_DEPTH}: put steps that follow one another into one pipeline, and workers side by side"
        )
    for member in topology._to_start().values():
        if isinstance(member, Topology):
            _check_depth(member, above)


def _for_fronts(ref: Ref) -> Ref:
    return ref.for_fronts() if isinstance(ref, Team) else ref


def _checker_name(part: str) -> str:
    return f"{part}-{_CHECKER}"
