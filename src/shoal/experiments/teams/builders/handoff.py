"""From ``topology: handoff`` to :func:`shoal.handoff`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.handoff import HandoffSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.topologies.handoff import handoff
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer


def make_handoff(spec: HandoffSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``. A model that is not told otherwise answers, or hands over."""
    answers: Any = str if place.answers is None else place.answers
    takes: Any = None if place.takes in (None, str) else place.takes | Handed
    agents = bench.members(
        spec.agents, inside(field, "agents"), Place(takes, answers | Transfer), alike=False
    )
    options = given(
        spec, "start", "default", "most_transfers", "most_bounces", "allowed", "requires", "needs_context",
        "conversation", "region", "keep_s",
    )  # fmt: skip
    record = (
        spec.record
        if isinstance(spec.record, bool)
        else bench.model(spec.record, inside(field, "record"), HandoffRecord)
    )
    return bench.build(
        field, lambda: handoff(agents, record=record, **options), "agents", isinstance(spec.agents, dict)
    )
