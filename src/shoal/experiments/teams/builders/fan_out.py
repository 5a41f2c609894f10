"""From ``topology: fan_out`` to :func:`shoal.fan_out`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.aggregates import AggregateSpec
from shoal.experiments.teams.builders.aggregates import make_aggregate
from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.fan_out import FanOutSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.fan_out import fan_out


def make_fan_out(spec: FanOutSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    written = isinstance(spec.by, AggregateSpec) and spec.by.synthesize is not None
    members = bench.members(
        spec.members, inside(field, "members"), Place(place.takes, None if written else place.answers)
    )
    by = make_aggregate(spec.by, inside(field, "by"), bench, place)
    report = (
        spec.report
        if isinstance(spec.report, bool)
        else bench.model(spec.report, inside(field, "report"), FanOutResult)
    )
    options = given(spec, "need", "quorum", "deadline_s", "early", "fronts")
    return bench.build(
        field,
        lambda: fan_out(members, by=by, report=report, **options),
        "members",
        isinstance(spec.members, dict),
    )
