"""From ``topology: debate`` to :func:`shoal.debate`, and from ``accepted:`` to :func:`shoal.accepted`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.validators import Judgement, Verdict
from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.debate import DebateSpec
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.workbench import Workbench, inside
from shoal.experiments.teams.wrapping import AcceptedSpec
from shoal.topologies.accepted import accepted
from shoal.topologies.debate import debate
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Decision, Dispute, Revision

JUDGING = Place(Judgement, Verdict)
"""Of whoever judges answers of another."""


def make_debate(spec: DebateSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    takes = None if place.takes in (None, str) else place.takes | Revision  # as str it gets the text of one
    maker = bench.member(spec.maker, inside(field, "maker"), Place(takes, place.answers))
    checkers = bench.members(spec.checkers, inside(field, "checkers"), JUDGING, alike=False)
    options = given(spec, "rounds", "need", "on_end", "evidence", "distinct", "stop_on_repeat") | _shared(
        spec, field, bench
    )
    options["judge"] = bench.member(spec.judge, inside(field, "judge"), Place(Dispute, Decision))
    if spec.criterion:
        options["criterion"] = spec.criterion
    return bench.build(
        field, lambda: debate(maker, checkers, **options), "checkers", isinstance(spec.checkers, dict)
    )


def make_accepted(doer: Any, spec: AcceptedSpec, field: str, bench: Workbench) -> Any:
    """``doer``, whose answers count only when they are accepted. ``field``: of ``accepted``."""
    verifiers = bench.members(spec.verifiers, inside(field, "verifiers"), JUDGING, alike=False)
    options = given(spec, "need", "attempts", "evidence", "distinct", "audit", "criterion") | _shared(
        spec, field, bench
    )
    returns = bench.model(spec.returns, inside(field, "returns"), BaseModel)
    return bench.build(
        field,
        lambda: accepted(doer, verifiers=verifiers, returns=returns, **options),
        "verifiers",
        isinstance(spec.verifiers, dict),
    )


def _shared(spec: DebateSpec | AcceptedSpec, field: str, bench: Workbench) -> dict[str, Any]:
    record = spec.record
    return {
        "checks": [
            bench.function(path, f"{inside(field, 'checks')}.{i}") for i, path in enumerate(spec.checks)
        ],
        "record": record
        if isinstance(record, bool)
        else bench.model(record, inside(field, "record"), DebateRecord),
    }
