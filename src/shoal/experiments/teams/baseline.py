"""The single-agent baseline of a team: one of its own agents that could do the task alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.actors.llm import LLMAgent
from shoal.runtime.errors import ShoalError
from shoal.topologies.peers.seating import is_peer
from shoal.topologies.single import Single, single
from shoal.topologies.wiring.signature import Kinds, Signature, signature_of_agent
from shoal.topologies.wiring.topology import Topology


def baseline_of(topology: Topology) -> Topology | None:
    """The member, however deep, that takes what the team takes and answers what it answers, as a team of one.

    Agents of a language model go before others, and the first before the next. A team of one agent is its own baseline.
    ``None`` when no member could stand for the team: then one has to be given. ``topology`` has been checked.
    """
    if isinstance(topology, Single) and not isinstance(topology.members["agent"], Topology):
        return topology
    whole = topology.signature()
    able = [agent for agent in leaves(topology) if _could(agent, whole)]
    best = next((agent for agent in able if isinstance(agent, LLMAgent)), able[0] if able else None)
    return None if best is None else single(best)


def leaves(topology: Topology) -> Iterator[Any]:
    """All agents of a team and of the teams in it, in their order; checkers of edges are none."""
    for member in topology.members.values():
        if isinstance(member, Topology):
            yield from leaves(member)
        else:
            yield member


def _could(agent: Any, whole: Signature) -> bool:
    if is_peer(agent):
        return False  # it would have nobody to speak to
    try:
        own = signature_of_agent(agent)
    except ShoalError:
        return False
    if not all(own.takes(kind) for kind in whole.answers):
        return False
    return all(_fits(own.answers_to((kind,)), returns) for kind, returns in whole.answers.items())


def _fits(given: Kinds, wanted: Kinds) -> bool:
    """Whether answers of these types are such as are wanted; what is not known may be."""
    if given is None or wanted is None:
        return True
    return all(any(issubclass(one, kind) for kind in wanted) for one in given)
