"""What stands beside a member, put around it: copies, acceptance, approval, capabilities, and the edge outermost."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.memory import Summary, Whole
from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.builders.reviewed import JUDGING, make_accepted
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside
from shoal.experiments.teams.wrapping import EdgeSpec, SummarySpec, Wrapped
from shoal.topologies.gated import gated
from shoal.topologies.replicas import replicas
from shoal.topologies.wiring.edge import edge
from shoal.topologies.work.capable import capable


def wrap(made: Any, spec: Wrapped, field: str, bench: Workbench) -> Any:
    """``made``, with what its description has around it."""
    if isinstance(spec.replicas, int) and made is not UNMADE:
        inner, count = made, spec.replicas
        made = bench.build(inside(field, "replicas"), lambda: replicas(inner, count))
    if spec.accepted is not None:
        made = (
            make_accepted(made, spec.accepted, inside(field, "accepted"), bench)
            if made is not UNMADE
            else UNMADE
        )
    if spec.gated is not None and made is not UNMADE:
        made = _gated(made, spec, inside(field, "gated"), bench)
    around = _edge(spec.edge, inside(field, "edge"), bench) if spec.edge is not None else None
    if made is UNMADE or bench.is_broken(field):
        return UNMADE
    if spec.capabilities:
        made = capable(made, *spec.capabilities)
    return edge(made, **around) if around is not None else made


def _gated(made: Any, spec: Wrapped, field: str, bench: Workbench) -> Any:
    assert spec.gated is not None
    when = bench.function(spec.gated.when, f"{field}.when")
    timeout_s = spec.gated.timeout_s
    return bench.build(field, lambda: gated(made, when=when, timeout_s=timeout_s))


def _edge(spec: EdgeSpec, field: str, bench: Workbench) -> dict[str, Any]:
    options = given(spec, "require_sources", "criterion")
    context: Any = spec.context
    if isinstance(context, SummarySpec):
        context = Summary(tokens=context.summary)
    elif context is not None:
        context = Whole() if context == "whole" else bench.model(context, f"{field}.context", BaseModel)
    return options | {
        "context": context,
        "checker": bench.member(spec.checker, f"{field}.checker", JUDGING),
    }
