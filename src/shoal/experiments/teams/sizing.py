"""How often each agent of a team is asked for one task: typically, and at most. Pure; for estimates before a run.

Typical figures are rules of thumb: a worker of n gets one task in n, half of all debates need a second round, a gate
passes at the first try. At most is what the pattern allows, retries after a failure aside; where it allows any
number, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from shoal.experiments.teams.passing import visits
from shoal.topologies.debate import Debate
from shoal.topologies.graph import Graph
from shoal.topologies.handoff import Handoff
from shoal.topologies.mesh import Mesh
from shoal.topologies.pipeline import Pipeline
from shoal.topologies.replicas import Replicas
from shoal.topologies.review.reviewed import Reviewed
from shoal.topologies.single import Single
from shoal.topologies.swarm import Swarm
from shoal.topologies.tree.branches import Branch
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.worker import Worker

_DISPUTED = 0.25
"""The share of debates that need the judge."""


class Asks(NamedTuple):
    """How often an agent is asked for one task."""

    typical: float
    most: float | None
    """``None``: there is no limit but that of time and money."""
    agent: Any = None
    """Who: as it was given to the team."""


ONCE = Asks(1.0, 1.0)


def asks(topology: Topology, name: str = "team") -> dict[str, Asks]:
    """By address, as the team has them when it is called ``name``. ``topology`` has been checked."""
    return dict(_within(topology, name, ONCE))


def _within(topology: Topology, name: str, above: Asks) -> Iterator[tuple[str, Asks]]:
    shares = _shares(topology)
    for part, member in topology.members.items():
        asked = _times(above, shares.get(part, ONCE))
        address = name if isinstance(topology, Single) else f"{name}/{part}"
        if isinstance(member, Topology):
            yield from _within(member, address, asked)
        else:
            yield address, asked._replace(agent=member)
        edge = topology.edges.get(part)
        if edge is not None and edge.checker is not None:
            yield from _checker(edge.checker, f"{name}/{part}-checker", asked)


def _checker(checker: Any, address: str, asked: Asks) -> Iterator[tuple[str, Asks]]:
    if isinstance(checker, Topology):
        yield from _within(checker, address, asked)
    else:
        yield address, asked._replace(agent=checker)


def _times(above: Asks, share: Asks) -> Asks:
    most = None if above.most is None or share.most is None else above.most * share.most
    return Asks(above.typical * share.typical, most)


def _shares(topology: Topology) -> dict[str, Asks]:
    """By member, for one message to the team; whoever is not named is asked once."""
    for kind, shares in _PATTERNS.items():
        if isinstance(topology, kind):
            return shares(topology)
    return {}


def _worker(team: Worker) -> dict[str, Asks]:
    plan, names = team._plan, list(team._views)
    divided = Asks(1.0, float(plan.max_subtasks))
    routed = Asks(1.0 / len(names), 1.0)
    found = dict.fromkeys(names, divided if team._divides else routed)
    if plan.classify is not None and plan.classify.model is not None:
        found["classifier"] = Asks(1.0 if plan.classify.rule is None else 0.5, 1.0)
    return found


def _pipeline(team: Pipeline) -> dict[str, Asks]:
    stages, flow = list(team.members), team._flow
    found = {}
    for at, stage in enumerate(stages):
        again = 1.0
        for gated, gate in flow.gates.items():
            if gate.back_to is not None and stages.index(gate.back_to) <= at <= stages.index(gated):
                again *= 1 + gate.most
        found[stage] = Asks(0.5 if stage in flow.skip else 1.0, again)
    return found


def _replicas(team: Replicas) -> dict[str, Asks]:
    return dict.fromkeys(team.members, Asks(1.0 / len(team.members), 1.0))


def _reviewed(team: Reviewed) -> dict[str, Asks]:
    rounds = float(team._rules.rounds)
    typical = 1.5 if isinstance(team, Debate) and rounds > 1 else 1.0
    return {
        name: Asks(_DISPUTED, 1.0) if name == "judge" and team._has_judge else Asks(typical, rounds)
        for name in team.members
    }


def _handoff(team: Handoff) -> dict[str, Asks]:
    most = 1.0 + team._given.most_transfers
    others = 1.0 / max(1, len(team.members) - 1)
    # The default gets the task once more after the last hand-over that is allowed.
    return {
        name: Asks(1.0 if name == team._start else others, most + (name == team._given.default))
        for name in team.members
    }


def _branch(team: Branch) -> dict[str, Asks]:
    divides, again = team.plan().divide is not None, team.plan().on_contradiction == "ask_again"
    most = None if divides else 2.0 if again else 1.0
    found = dict.fromkeys(team.workers, Asks(1.0, most))
    if "manager" in team.members and "manager" not in found:
        offices = [team.plan().divide, team.plan().summarize].count("manager")
        found["manager"] = Asks(float(offices), float(offices))
    return found


def _swarm(team: Swarm) -> dict[str, Asks]:
    return dict.fromkeys(team.members, Asks(1.0, None))


def _mesh(team: Mesh) -> dict[str, Asks]:
    plan = team._plan
    most = float(min(plan.turns, plan.turns_each))
    return dict.fromkeys(team.members, Asks(float(min(plan.ending.rounds, most)), most))


def _graph(team: Graph) -> dict[str, Asks]:
    return {name: Asks(*each) for name, each in visits(team._plan()).items()}


_PATTERNS: dict[type[Topology], Callable[[Any], dict[str, Asks]]] = {
    Worker: _worker,
    Pipeline: _pipeline,
    Replicas: _replicas,
    Reviewed: _reviewed,
    Handoff: _handoff,
    Branch: _branch,
    Swarm: _swarm,
    Mesh: _mesh,
    Graph: _graph,
}
"""Others ask each member once: a fan-out all of them, a gate and a team of one their only one."""
