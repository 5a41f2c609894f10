"""Single: one agent. The baseline of every comparison, and often all that is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.runtime.system import System
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.graph_data import label_of, node, team_data
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology, signature_of, start_member

_ONLY = "agent"


class Single(Topology):
    """See :func:`single`. The agent itself is what the team is addressed by: no hop is added."""

    pattern = "single"

    def __init__(self, agent: Any) -> None:
        super().__init__({_ONLY: agent})

    def signature(self) -> Signature:
        """The agent's own."""
        return signature_of(self.members[_ONLY])

    def front(self, refs: dict[str, Ref]) -> Front:
        """There is none."""
        raise ConfigError("a single agent has no front: it is addressed itself")

    def addresses(self, name: str) -> Iterator[str]:
        """The agent's own."""
        member = self.members[_ONLY]
        return member.addresses(name) if isinstance(member, Topology) else iter([name])

    async def start(self, system: System, name: str) -> Team:
        """Start the agent under the team's name."""
        ref = await start_member(system, self.members[_ONLY], name)
        graph = self.describe(name)
        return Team(ref, self.pattern, {_ONLY: ref}, system, self.signature(), graph=graph)

    def describe(self, name: str = "team") -> dict[str, Any]:
        """As of any team; the agent has the team's own address."""
        member = self.members[_ONLY]
        inner = member.describe(name) if isinstance(member, Topology) else node(name, label_of(member))
        return team_data(self.pattern, name, self.signature(), {_ONLY: inner}, self.links(), {}, 1)

    def validate(self) -> None:
        """The agent; there is no front that could hold an edge's rules."""
        if self.edges:
            raise ConfigError(
                "single: an edge belongs between agents, and here is only one; give the agent itself"
            )
        super().validate()


def single(agent: Any) -> Single:
    """A team of one agent (an instance, a class, an async function, or another topology)."""
    return Single(agent)
