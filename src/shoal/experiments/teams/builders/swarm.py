"""From ``topology: swarm`` to :func:`shoal.swarm`."""

from __future__ import annotations

from typing import Any

from shoal.blackboard.termination import (
    AllOf,
    AnyOf,
    CountReached,
    ItemsDone,
    NoImprovement,
    Quiescence,
    Termination,
    TimeLimit,
)
from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.ending import EndingSpec
from shoal.experiments.teams.patterns.swarm import SwarmSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.python_member import function_of
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.swarm import Swarm, swarm
from shoal.topologies.swarming.messages import SwarmView

_AS_THEY_ARE = (
    "board", "most_items", "items_each", "failures_each", "attempts", "backoff_s", "lease_s", "cut", "monitor_every",
    "at_once", "keep",
)  # fmt: skip


def make_swarm(spec: SwarmSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    if (spec.agents is None) == (spec.agent is None) or (spec.count is None) != (spec.agent is None):
        return bench.problem(field, "a swarm has agents; or one agent, and count, how many copies of it")
    inner = Place(None if spec.seed is not None else place.takes)
    options = given(spec, *_AS_THEY_ARE)
    for name in ("seed", "name_of", "priority", "result"):
        options[name] = bench.function(getattr(spec, name), inside(field, name))
    for name in ("finding", "accepts"):
        options[name] = bench.type(getattr(spec, name), inside(field, name))
    if spec.until is not None:
        options["until"] = [ending_of(one) for one in spec.until]
    if spec.monitor is not None:
        at = inside(field, "monitor")
        function = function_of(spec.monitor, at, bench)
        options["monitor"] = function or bench.member(spec.monitor, at, Place(SwarmView))
    if spec.agents is None:
        agent = bench.member(spec.agent, inside(field, "agent"), inner)
        return bench.build(field, lambda: swarm(agent, count=spec.count, **options))
    agents = bench.members(spec.agents, inside(field, "agents"), inner)

    def build() -> Swarm:
        return swarm(**agents, **options)

    return bench.build(field, build, "agents", isinstance(spec.agents, dict))


def ending_of(spec: EndingSpec) -> Termination:
    """The condition."""
    if isinstance(spec.items_done, int):
        return ItemsDone("item/", spec.items_done)
    if spec.items_done is not None:
        return ItemsDone(spec.items_done.prefix, spec.items_done.count)
    if spec.findings is not None:
        return CountReached("finding/", spec.findings)
    if spec.count_reached is not None:
        return CountReached(spec.count_reached.prefix, spec.count_reached.count)
    if spec.time_limit_s is not None:
        return TimeLimit(spec.time_limit_s)
    if spec.no_improvement is not None:
        one = spec.no_improvement
        return NoImprovement(one.prefix, one.field, one.revisions, one.goal, one.by)
    return _combined(spec)


def _combined(spec: EndingSpec) -> Termination:
    if spec.quiescence is not None:
        return Quiescence(spec.quiescence.quiet_s, spec.quiescence.from_start)
    if spec.all_of is not None:
        return AllOf(tuple(map(ending_of, spec.all_of)))
    return AnyOf(tuple(map(ending_of, spec.any_of or ())))
