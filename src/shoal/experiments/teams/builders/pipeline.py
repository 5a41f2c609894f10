"""From ``topology: pipeline`` to :func:`shoal.pipeline`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.patterns.pipeline import GateSpec, PipelineSpec
from shoal.experiments.teams.place import Place, answer_of
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside, named
from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.stages.gate import Gate


def make_pipeline(spec: PipelineSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``. Each stage is given what the one before answers."""
    at = inside(field, "stages")
    stages: dict[str, Any] = {}
    listed = named(spec.stages)
    takes = place.takes
    for number, (name, (key, member)) in enumerate(listed.items(), 1):
        answers = place.answers if number == len(listed) else None
        stages[name] = bench.member(member, inside(at, key), Place(takes, answers))
        takes = None if stages[name] is UNMADE else answer_of(stages[name])
    options = given(spec, "parallel", "ordered")
    gates = {name: _gate(one, f"{inside(field, 'gates')}.{name}", bench) for name, one in spec.gates.items()}
    skip = bench.functions(spec.skip, inside(field, "skip"))
    replicas = spec.replicas if isinstance(spec.replicas, dict) else None

    def build() -> Pipeline:
        return pipeline(**stages, gates=gates, skip=skip, replicas=replicas, **options)

    return bench.build(field, build, "stages", isinstance(spec.stages, dict))


def _gate(spec: GateSpec, field: str, bench: Workbench) -> Gate:
    check = bench.function(spec.check, f"{field}.check")
    return Gate(check, bench.function(spec.repair, f"{field}.repair"), spec.back_to, spec.most)
