"""From ``topology: hierarchy`` and ``topology: branch`` to :func:`shoal.hierarchy` and :func:`shoal.branch`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.hierarchy import BranchSpec, HierarchySpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.python_member import function_of
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.hierarchy import branch, hierarchy
from shoal.topologies.tree.summaries import BranchReports

_SHARED = ("agree_on", "on_contradiction", "need", "cut", "parallel")


def make_branch(spec: BranchSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The branch, or ``UNMADE``."""
    divides = spec.divide is not None or spec.manager is not None
    members = bench.members(spec.members, inside(field, "members"), Place(None if divides else place.takes))
    options = _options(spec, field, bench, place)
    options["summary"] = bench.model(spec.summary, inside(field, "summary"))
    name = spec.name or field.rpartition(".")[2] or "top"
    return bench.build(
        field, lambda: branch(name, members, **options), "members", isinstance(spec.members, dict)
    )


def make_hierarchy(spec: HierarchySpec, field: str, bench: Workbench, place: Place) -> Any:
    """The tree, or ``UNMADE``."""
    if (spec.members is None) == (spec.worker is None):
        return bench.problem(field, "a hierarchy has members; or a worker, with depth and width")
    divides = spec.divide is not None or spec.manager is not None
    below = Place(None if divides else place.takes)
    members: Any
    if spec.members is None:
        members = bench.member(spec.worker, inside(field, "worker"), below)
    else:
        members = bench.members(spec.members, inside(field, "members"), below)
    options = _options(spec, field, bench, place)
    summaries = [bench.model(path, inside(field, "summary")) for path in spec.summary or ()]
    options["summary"] = summaries if len(summaries) > 1 else summaries[0] if summaries else None
    if spec.worker is not None and spec.width is not None:
        options["width"] = spec.width if len(spec.width) > 1 else spec.width[0]
    elif spec.width is not None:
        options["width"] = spec.width
    if spec.depth is not None:
        options["depth"] = spec.depth
    return bench.build(
        field, lambda: hierarchy(members, **options), "members", isinstance(spec.members, dict)
    )


def _options(spec: BranchSpec | HierarchySpec, field: str, bench: Workbench, place: Place) -> dict[str, Any]:
    options = given(spec, *_SHARED)
    options["contradictions"] = bench.function(spec.contradictions, inside(field, "contradictions"))
    options["accepts"] = bench.type(spec.accepts, inside(field, "accepts"))

    def one(member: Any, at: str) -> Any:
        function = function_of(member, at, bench)
        return bench.member(member, at, places[office]) if function is None else function

    tasks = place.takes
    places = {
        "manager": Place(
            None if tasks in (None, str) else tasks | BranchReports
        ),  # as str it gets both as text
        "divide": Place(tasks),
        "summarize": Place(BranchReports),
    }
    for office in places:
        given_one = getattr(spec, office)
        if given_one is not None:
            options[office] = _by_level(given_one, inside(field, office), one)
    return options


def _by_level(spec: Any, field: str, make: Callable[[Any, str], Any]) -> Any:
    if isinstance(spec, list):
        return [make(each, f"{field}.{level}") for level, each in enumerate(spec)]
    return make(spec, field)
