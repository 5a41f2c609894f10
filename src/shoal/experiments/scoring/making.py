"""Makes the scorer of an experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.scoring.choice import Choice
from shoal.experiments.scoring.contains import Contains
from shoal.experiments.scoring.exact import Exact
from shoal.experiments.scoring.number import Number
from shoal.experiments.scoring.overlap import Overlap
from shoal.experiments.scoring.pattern import Pattern
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ExactSpec, Kind, ScorerSpec, UseSpec
from shoal.experiments.scoring.used import Used, takes
from shoal.experiments.workload.sources import Imports
from shoal.experiments.workload.spec import WorkloadSpec

_PURE: dict[Kind, Callable[..., Scorer]] = {
    "exact": Exact,
    "contains": Contains,
    "number": Number,
    "regex": Pattern,
    "choice": Choice,
    "set": Overlap,
}


def make_scorer(spec: ScorerSpec | None, workload: WorkloadSpec, imports: Imports) -> Scorer | None:
    """The scorer; ``exact`` where none is given and the workload has answers; ``None`` where it has none.

    Raises :class:`BadExperiment` for a function that cannot be imported or called, and for a scorer that needs the
    answers which the workload does not have.
    """
    if spec is None:
        return None if workload.answer is None else Exact(ExactSpec(), workload.answer)
    if spec.use is not None:
        return _used(spec.use, workload, imports)
    scorer = _PURE[spec.kind](spec.judging, workload.answer)
    if scorer.needs_expected and workload.answer is None:
        what = f"{spec.kind} compares with an expected answer, and the workload has none"
        raise bad_experiment(
            [Problem(what, field=f"score.{spec.kind}", remedy="name its field: workload.answer")]
        )
    return scorer


def _used(spec: UseSpec, workload: WorkloadSpec, imports: Imports) -> Scorer:
    function: Any = imports.find(spec.function, "score.use")
    if not callable(function):
        what = f"{spec.function} is {type(function).__name__}, not a function"
        raise bad_experiment([Problem(what, field="score.use")])
    if not takes(function, 3) and not takes(function, 2):
        what = f"{spec.function} cannot be called with (output, expected, task), nor with (output, expected)"
        raise bad_experiment([Problem(what, field="score.use")])
    return Used(function, spec, workload.answer)
