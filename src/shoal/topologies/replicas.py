"""Replicas: the same agent, or team, several times behind one address.

For stages, workers and members that are slower than what comes in. Those who are alike must not differ in what they
remember: a message goes to whichever has the least to do, and the next one about the same thing to another.
"""

from __future__ import annotations

from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.spread import Spread
from shoal.topologies.wiring.topology import Topology


class Replicas(Topology):
    """See :func:`replicas`."""

    pattern = "replicas"

    def __init__(self, agent: Any, count: int) -> None:
        super().__init__({str(number): agent for number in range(1, count + 1)})
        self._count = count

    def validate(self) -> None:
        """The agent, that it can be several, and that it is no durable one."""
        super().validate()
        if getattr(self.members["1"], "durable", False):
            raise ConfigError(
                "replicas: a durable agent remembers, and each replica would remember something else; make one of it"
            )

    def signature(self) -> Signature:
        """The agent's own."""
        return self.signature_of("1")

    def front(self, refs: dict[str, Ref]) -> Front:
        """What passes messages on."""
        return Spread(ref.address for ref in refs.values())

    def in_its_place(self, refs: dict[str, Ref]) -> list[Ref]:
        """The replicas, where there is no edge whose rules the front holds."""
        return [] if self.edges else list(refs.values())


def replicas(agent: Any, count: int) -> Replicas:
    """``agent`` (whatever can be a member) ``count`` times, behind one address; the least busy takes each message.

    Raises :class:`ConfigError` for a count below 1, and when the team is built for a durable agent.
    """
    if count < 1:
        raise ConfigError(f"replicas: {count} of them do no work; give at least 1")
    return Replicas(agent, count)
