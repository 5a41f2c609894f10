"""What can be told of a scorer before a run. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from shoal.experiments.errors import Problem
from shoal.experiments.scoring.part import field_among
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.used import Used
from shoal.experiments.task import Task
from shoal.topologies.wiring.signature import Signature

MOST_PROBLEMS = 20


def check_scorer(scorer: Scorer, tasks: Iterable[Task], signature: Signature) -> list[Problem]:
    """Expected answers that no answer can meet, and types of answers of which nobody can say what is judged."""
    firsts = [task for task in tasks if task.repeat == 1]
    objects = any(isinstance(task.expected, dict) for task in firsts)
    problems = [] if objects and scorer.field is None else _fields(scorer, signature)
    for task in firsts:
        what = "" if task.expected is None else scorer.problem_of(task.expected)
        if what:
            problems.append(Problem(f"task {task.task}: expected: {what}", task.source))
        if len(problems) >= MOST_PROBLEMS:
            break
    return problems


def _fields(scorer: Scorer, signature: Signature) -> list[Problem]:
    if isinstance(scorer, Used) and scorer.field is None:
        return []
    where = "score.use.field" if isinstance(scorer, Used) else f"score.{scorer.name}.field"
    problems = []
    for kind in signature.returns or ():
        if (
            not issubclass(kind, BaseModel)
            or kind.__pydantic_root_model__
            or kind.model_config.get("extra") == "allow"
        ):
            continue
        fields = list(kind.model_fields)
        names = ", ".join(fields) or "none"
        if scorer.field is not None and scorer.field not in fields:
            what = f"the team answers {kind.__name__}, which has no field {scorer.field!r}; it has {names}"
            problems.append(Problem(what, field=where))
        elif scorer.field is None and field_among(fields, scorer.answer) is None:
            what = (
                f"the team answers {kind.__name__}, and nothing says which of its fields is judged: {names}"
            )
            problems.append(Problem(what, field=where))
    return problems
