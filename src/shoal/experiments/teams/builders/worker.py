"""From ``topology: worker`` to :func:`shoal.worker`."""

from __future__ import annotations

from typing import Any

from shoal.experiments.teams.builders.aggregates import make_aggregate
from shoal.experiments.teams.builders.given import given
from shoal.experiments.teams.builders.routing import make_router
from shoal.experiments.teams.patterns.worker import ClassifySpec, WorkerSpec
from shoal.experiments.teams.place import ANYWHERE, Place, place_beside
from shoal.experiments.teams.python_member import function_of
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.subtasks import Subtasks
from shoal.topologies.worker import worker


def make_worker(spec: WorkerSpec, field: str, bench: Workbench, place: Place) -> Any:
    """The team, or ``UNMADE``."""
    divides = spec.split is not None
    workers = bench.members(spec.workers, inside(field, "workers"), ANYWHERE if divides else place)
    beside = place_beside(one for one in workers.values() if one is not UNMADE)
    options = given(spec, "fallback", "parallel", "max_subtasks", "orchestrators", "record_choices")
    if divides:
        options["split"] = _split(spec.split, inside(field, "split"), bench, place)
    if spec.classify is not None:
        options["classify"] = _classify(
            spec.classify, inside(field, "classify"), bench, place.or_else(beside)
        )
    options["router"] = make_router(spec, field, bench)
    options["merge"] = make_aggregate(spec.merge, inside(field, "merge"), bench, place)
    options["accepts"] = bench.type(spec.accepts, inside(field, "accepts"))
    partial = spec.partial
    options["partial"] = (
        partial if isinstance(partial, bool) else bench.model(partial, inside(field, "partial"), FanOutResult)
    )
    return bench.build(field, lambda: worker(workers, **options), "workers", isinstance(spec.workers, dict))


def _split(spec: Any, field: str, bench: Workbench, place: Place) -> Any:
    function = function_of(spec, field, bench)
    return bench.member(spec, field, Place(place.takes, Subtasks)) if function is None else function


def _classify(spec: ClassifySpec, field: str, bench: Workbench, place: Place) -> Any:
    rule = bench.function(spec.rule, f"{field}.rule")
    model = bench.member(spec.model, f"{field}.model", Place(place.takes, Classified))
    return Classify(rule, model, **given(spec, "threshold", "model_threshold", "labels"))
