"""From ``topology: graph`` to :func:`shoal.graph`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.patterns.graph import GraphSpec, WaySpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.graph import Graph, graph


def make_graph(spec: GraphSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    at = inside(field, "nodes")
    first = spec.begin or next(iter(spec.nodes), "")
    nodes = {
        name: bench.member(member, f"{at}.{name}", Place(place.takes if name == first else None))
        for name, member in spec.nodes.items()
    }
    for key in ("visits", "take"):
        for name in getattr(spec, key):
            if name not in nodes:
                bench.problem(
                    f"{inside(field, key)}.{name}", f"there is no node {name!r}; nodes are {', '.join(nodes)}"
                )
    whens = [bench.find(way.when, f"{inside(field, 'edges')}.{i}.when") if way.when else None
             for i, way in enumerate(spec.edges)]  # fmt: skip
    for i, way in enumerate(spec.edges):
        if way.otherwise and way.when is not None:
            bench.problem(f"{inside(field, 'edges')}.{i}", "an edge has when, or otherwise, not both")
    joins = {
        name: bench.function(join.by, f"{inside(field, 'joins')}.{name}.by")
        for name, join in spec.joins.items()
    }
    return bench.build(field, lambda: _drawn(spec, nodes, whens, joins), "nodes")


def _drawn(spec: GraphSpec, nodes: dict[str, Any], whens: list[Any], joins: dict[str, Any]) -> Graph:
    made = graph(most_steps=spec.most_steps)
    for name, agent in nodes.items():
        visits = spec.visits.get(name)
        made.node(
            name,
            agent,
            most=visits.most if visits else None,
            then=visits.then if visits else None,
            take=spec.take.get(name, "first"),
        )
    for name, join in spec.joins.items():
        made.join(name, of=join.of, need=join.need, by=joins[name])
    for way, when in zip(spec.edges, whens, strict=True):
        _add(made, way, when)
    if spec.begin is not None:
        made.begin(spec.begin)
    return made.end(*spec.end)


def _add(made: Graph, way: WaySpec, when: Any) -> None:
    if way.otherwise:
        made.otherwise(way.sender, *way.receivers)
    else:
        made.edge(way.sender, *way.receivers, when=when)
