"""Scorers and tasks for the tests."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from shoal.experiments.scoring.making import make_scorer
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ScorerSpec
from shoal.experiments.task import Task
from shoal.experiments.workload.spec import WorkloadSpec
from tests.experiments.workload.places import Names


def scorer_of(spec: Any, *, answer: str | None = "label", **names: Any) -> Scorer:
    """The scorer of a spec as an experiment file has it."""
    parsed = TypeAdapter(ScorerSpec).validate_python(spec)
    found = make_scorer(parsed, WorkloadSpec(tasks="x", answer=answer), Names(**names))
    assert found is not None
    return found


def task_of(expected: Any) -> Task:
    """A task with this expected answer."""
    return Task(task="t1", case="t1", input="x", expected=expected, source="t.jsonl:1")


def score_of(spec: Any, output: Any, expected: Any, **how: Any) -> float | None:
    """The score of an answer."""
    return scorer_of(spec, **how).score(output, task_of(expected))
