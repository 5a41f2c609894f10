"""The teams of the rows about topologies: each pattern as one writes it, with its defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shoal.bench.topology_work import (
    MEMBERS,
    SWARM_AGENTS,
    Maker,
    Passing,
    at_once,
    checker,
    desk,
    expert,
    items_of,
    of_all,
    of_both,
    of_first,
    of_swarm,
    summed_up,
)
from shoal.bench.workload import Parcel
from shoal.topologies import (
    Topology,
    debate,
    fan_out,
    graph,
    handoff,
    hierarchy,
    mesh,
    pipeline,
    single,
    swarm,
    worker,
)


def _drawn() -> Topology:
    """One node, two side by side, one."""
    drawn = graph(first=at_once, left=at_once, right=at_once, last=at_once)
    drawn.edge("first", "left", "right").join("both", of=["left", "right"], by=of_both)
    return drawn.edge("both", "last").end("last")


TEAMS: Mapping[str, Callable[[], Topology]] = {
    "worker": lambda: worker([at_once] * MEMBERS),
    "pipeline": lambda: pipeline(*[at_once] * MEMBERS),
    "fan_out": lambda: fan_out(*[at_once] * MEMBERS, by=of_all),
    "single": lambda: single(at_once),
    # Without a model nothing is quoted.
    "debate": lambda: debate(Maker, checker, evidence="none"),
    "handoff": lambda: handoff(desk=desk, expert=expert),
    "hierarchy": lambda: hierarchy(at_once, depth=2, width=2, summarize=summed_up, summary=Parcel),
    "graph": _drawn,
    "mesh": lambda: mesh([Passing] * 4, channels=[("1", "2"), ("2", "3"), ("3", "4")], result=of_first),
    "swarm": lambda: swarm(at_once, count=SWARM_AGENTS, seed=items_of, result=of_swarm),
}
"""A team for each pattern, by row."""
