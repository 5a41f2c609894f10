"""Capabilities of a team's member that cannot declare them itself: a function, a factory, a team.

An agent class has the attribute ``capabilities``, an :class:`~shoal.LLMAgent` an option of that name; a team can do
what all of its members declare.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.topology import Topology


@dataclass(frozen=True)
class Capable:
    """A worker and what it can do; see :func:`capable`."""

    agent: Any
    capabilities: tuple[str, ...]


def capable(agent: Any, *capabilities: str) -> Capable:
    """A worker (whatever can be one, also behind an edge) that can do this, besides what its class declares.

    Raises :class:`ConfigError` for what is no capability.
    """
    if not capabilities:
        raise ConfigError("capable(agent, ...) names no capability; give at least one, as text")
    for one in capabilities:
        if not isinstance(one, str) or not one:
            raise ConfigError(f"capable: {one!r} is no capability; give text")
    return Capable(agent, capabilities)


def taken_apart(member: Any) -> tuple[Any, tuple[str, ...]]:
    """A worker as the wiring takes it, and all capabilities declared for it: by its class, and around it."""
    declared: tuple[str, ...] = ()
    while isinstance(member, Capable):
        declared, member = (*declared, *member.capabilities), member.agent
    if isinstance(member, Edge):
        inner, of_inner = taken_apart(member.agent)
        return replace(member, agent=inner), tuple(dict.fromkeys((*declared, *of_inner)))
    return member, tuple(dict.fromkeys((*declared, *_own(member))))


def _own(member: Any) -> tuple[str, ...]:
    """What a member declares itself; a team what all of its members do, as replicas of one agent."""
    if isinstance(member, Topology):
        each = [taken_apart(member.edges.get(name, one))[1] for name, one in member.members.items()]
        return tuple(one for one in each[0] if all(one in others for others in each)) if each else ()
    own = getattr(member, "capabilities", ())
    if isinstance(own, str):
        raise ConfigError(f"its capabilities are the text {own!r}; give a tuple of texts: ({own!r},)")
    return tuple(own)
