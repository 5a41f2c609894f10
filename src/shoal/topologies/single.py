"""Single: one agent. The baseline of every comparison, and often all that is needed."""

from __future__ import annotations

from typing import Any

from shoal.runtime.ref import Ref
from shoal.topologies.member import Signature, signature_of
from shoal.topologies.wiring import Front, Topology


class Single(Topology):
    """See :func:`single`."""

    pattern = "single"

    def signature(self) -> Signature:
        """The agent's own."""
        return signature_of(self.members["agent"])

    def front(self, refs: dict[str, Ref]) -> Front | None:
        """The agent itself is addressed: no hop is added."""
        return None


def single(agent: Any) -> Single:
    """A team of one agent (an instance, a class, an async function, or another topology)."""
    return Single({"agent": agent})
