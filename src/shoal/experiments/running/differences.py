"""What of an experiment decides its results: a run is gone on with, or read, only as the one that it is of. Pure.

Budgets of the whole run, rates, concurrency, cluster and output may be others from one session to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.plan import Plan
from shoal.experiments.scoring.scale import scale_of
from shoal.experiments.task import Task

_OF_THE_RUN = ("tokens", "usd", "calls", "steps", "wall")
"""Budgets of the whole run: a larger one than before is a way to go on."""
_OBJECT = "(an object of Python"
"""How an agent or a topology is written down that no file describes: from that nobody knows what was in it."""
_WHAT_COUNTS = ("models", "timeout_s", "attempts", "seed", "settings")


def difference(plan: Plan, run: ExperimentRun) -> str:
    """How the run differs from the plan, as ``it ran other tasks``; empty: in nothing that a result depends on.

    Raises :class:`StoreError`.
    """
    mine, theirs = decisive(plan.spec, plan.environment.team), decisive(run.spec, plan.environment.team)
    fields = [field for field in mine if mine[field] != theirs.get(field)]
    if fields:
        return f"it ran with another {', '.join(fields)}"
    return _other_tasks(list(run.tasks()), plan.tasks)


def decisive(spec: Mapping[str, Any], team: str) -> dict[str, Any]:
    """What of an experiment decides the results of one team, as data. Its tasks are compared for themselves."""
    teams = spec.get("teams") or {}
    own = teams.get(team) if team else spec.get("team")
    if isinstance(own, str) and own.startswith(_OBJECT):
        own = teams  # a baseline that was made of the others is another one when they are
    budget = {key: value for key, value in (spec.get("budget") or {}).items() if key not in _OF_THE_RUN}
    counts = {field: spec.get(field) for field in _WHAT_COUNTS}
    every = {**counts, "score": scale_of(spec), "team": own, "budget": budget}
    return {name: _without_empty(value) for name, value in every.items()}


def _other_tasks(before: Sequence[Task], now: Sequence[Task]) -> str:
    """How they differ. Where they come from is no part of them: lines move, and files are renamed."""
    if len(before) != len(now):
        return f"it ran other tasks ({len(before):,}, and now there are {len(now):,})"
    for old, new in zip(before, now, strict=True):
        if old.model_copy(update={"source": ""}) != new.model_copy(update={"source": ""}):
            return f"it ran other tasks ({old.task!r} is another one now)"
    return ""


def _without_empty(value: Any) -> Any:
    """Without what holds nothing: a section is written down with its empty parts where it was not given at all."""
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(one) for key, one in value.items()}
    return {key: one for key, one in kept.items() if one not in (None, {}, [])}
