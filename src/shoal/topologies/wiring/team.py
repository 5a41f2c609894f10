"""A team: what a topology builds. It is addressed like an agent, so topologies nest."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoal.runtime.errors import Refused
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.replicated import OpenCounts, Replicated
from shoal.topologies.wiring.signature import Signature

if TYPE_CHECKING:
    from shoal.runtime.system import System


class Team(Ref):
    """A running topology: ask it, tell it, stop it, look at it. Everything else of it are agents.

    In a message it travels as a plain ref to its front.
    """

    __slots__ = ("_counts", "_graph", "_leads", "_system", "members", "pattern", "signature")

    def __init__(
        self,
        front: Ref,
        pattern: str,
        members: Mapping[str, Ref],
        system: System,
        signature: Signature,
        *,
        leads: Sequence[Ref] = (),
        graph: Mapping[str, Any],
    ) -> None:
        super().__init__(front.address, front._sender)
        self.pattern = pattern
        self.members = dict(members)
        """Refs by the names they have in this team; teams among them are teams."""
        self.signature = signature
        self._system = system
        self._leads = tuple(leads)
        self._counts = OpenCounts(lead.address for lead in leads)
        self._graph = graph

    def __repr__(self) -> str:
        return f"Team({self.address!r}, {self.pattern}, {len(self.members)} members)"

    def ask(self, message: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """As :meth:`Ref.ask`. Where several lead the team, the one that has the least to do is asked."""
        return self._ask_lead(message, options) if self._leads else super().ask(message, **options)

    async def _ask_lead(self, message: Any, options: dict[str, Any]) -> Any:
        with self._counts.taken() as lead:
            return await Ref(lead, self._sender).ask(message, **options)

    def for_fronts(self) -> Ref:
        """What the front of a team that this one is a part of asks it by."""
        return Replicated(self.address, self._counts.addresses) if self._leads else self

    def describe(self) -> dict[str, Any]:
        """The team's graph as data: see :mod:`shoal.topologies.wiring.graph_data`."""
        return copy.deepcopy(dict(self._graph))

    @property
    def agents(self) -> list[str]:
        """Addresses of all agents of the team and of the teams in it."""
        found = [self.address, *(lead.address for lead in self._leads)]
        for member in self.members.values():
            found.extend(member.agents if isinstance(member, Team) else [member.address])
        return list(dict.fromkeys(found))

    async def stop(self, *, drain: bool = False, kill: bool = False) -> None:
        """Stop the front first, so that nothing new comes in, then the members. Those that are gone are fine.

        ``drain`` finishes what waits; ``kill`` cancels what runs. Raises what kept a member from being
        stopped, after all others are.
        """
        if all(member.address != self.address for member in self.members.values()):
            await stop_all(self._system, [Ref(self.address)], drain=drain, kill=kill)
        await stop_all(self._system, self._leads, drain=drain, kill=kill)
        await stop_all(self._system, self.members.values(), drain=drain, kill=kill)


async def stop_all(system: System, refs: Iterable[Ref], *, drain: bool = False, kill: bool = False) -> None:
    """Stop agents and teams side by side; raises the first error after every one was tried."""

    async def stop(ref: Ref) -> None:
        try:
            if isinstance(ref, Team):
                await ref.stop(drain=drain, kill=kill)
            else:
                await system.stop(ref, drain=drain, kill=kill)
        except Refused:
            return  # it is gone already

    ended = await asyncio.gather(*map(stop, refs), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
