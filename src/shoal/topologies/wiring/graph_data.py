"""A team's graph as data: nested, plain, the same for a specification and for what runs. Pure.

``{"pattern", "address", "accepts", "returns", "members": {name: ...}, "links": [{"from", "to", "label"}]}`` for a team,
``{"agent", "address"}`` for an agent. In links ``""`` is the team itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shoal.runtime.recipe import is_behavior
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.signature import Signature, type_names


class Link(NamedTuple):
    """Messages go this way, by members' names; ``""`` is the team itself."""

    sender: str
    receiver: str
    label: str = ""


def label_of(agent: Any) -> str:
    """What an agent is called in pictures: its role, class or function."""
    role = getattr(agent, "role", None)
    if isinstance(role, str) and role:
        return role
    if is_behavior(agent):
        return type(agent).__name__
    return getattr(agent, "__name__", type(agent).__name__).strip("<>")


def node(address: str, label: str) -> dict[str, Any]:
    """An agent."""
    return {"agent": label, "address": address}


def team_data(
    pattern: str,
    address: str,
    signature: Signature,
    members: Mapping[str, dict[str, Any]],
    links: Sequence[Link],
    edges: Mapping[str, Edge],
    fronts: int,
) -> dict[str, Any]:
    """A team."""
    data: dict[str, Any] = {
        "pattern": pattern,
        "address": address,
        "accepts": type_names(signature.accepts),
        "returns": type_names(signature.returns),
        "members": dict(members),
        "links": [_link(link, edges) for link in links],
    }
    if fronts > 1:
        data["fronts"] = fronts
    for name, edge in edges.items():
        if edge.checker is not None:
            data["links"].append({"from": name, "to": f"{name}-checker", "label": "checked"})
    return data


def _link(link: Link, edges: Mapping[str, Edge]) -> dict[str, str]:
    edge = edges.get(link.receiver)
    notes = [link.label] if link.label else []
    if edge is not None and edge.context is not None:
        context = edge.context
        notes.append(context.__name__ if isinstance(context, type) else type(context).__name__.lower())
    if edge is not None and edge.require_sources:
        notes.append("sources")
    return {"from": link.sender, "to": link.receiver, "label": ", ".join(notes)}
