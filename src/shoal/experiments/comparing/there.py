"""What is there already under the name of a run that is to be made: a comparison goes on where it was left."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from shoal.experiments.errors import NotAnExperiment, Problem, bad_experiment
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.plan import Plan
from shoal.runtime.journal.errors import RunInUse
from shoal.runtime.journal.reader import FINISHED


class There(Enum):
    """What became of a run."""

    NOTHING = "nothing"
    """There is none of this name."""
    FINISHED = "finished"
    """It is complete: its results are read."""
    OPEN = "open"
    """It was interrupted, or its budget was used up: it is gone on with."""


_OF_THE_RUN = ("tokens", "usd", "calls", "steps", "wall")
"""Budgets of the whole run: a larger one than before is a way to go on."""
_OBJECT = "(an object of Python"
"""How an agent or a topology is written down that no file describes: from that nobody knows what was in it."""
_WHAT_COUNTS = ("models", "score", "timeout_s", "attempts", "seed", "settings")


def what_is_there(plan: Plan) -> There:
    """What there is under the plan's name.

    Raises :class:`BadExperiment` when that is another experiment's or of other tasks, ``RunInUse`` when a program has
    it, :class:`StoreError`.
    """
    if not plan.path.exists():
        return There.NOTHING
    try:
        run = ExperimentRun(plan.path)
    except NotAnExperiment:
        raise _not_ours(plan, "it was made by another program, or ended before it began") from None
    with run:
        summary = run.reader.summary()
        if summary.holder is not None:
            raise RunInUse(
                f"{plan.run} is running (process {summary.holder.pid} has it): wait for it, or end it",
                run=plan.run,
            )
        if differing := _difference(plan, run):
            raise _not_ours(plan, differing)
        done = summary.status == FINISHED and run.summary.get("complete") is True
    return There.FINISHED if done else There.OPEN


def _difference(plan: Plan, run: ExperimentRun) -> str:
    """What is different; empty: nothing that a result depends on."""
    mine, theirs = decisive(plan.spec, plan.environment.team), decisive(run.spec, plan.environment.team)
    fields = [field for field in mine if mine[field] != theirs.get(field)]
    if fields:
        return f"it ran with another {', '.join(fields)}"
    if list(run.tasks()) != plan.tasks:
        return "it ran other tasks"
    return ""


def decisive(spec: Mapping[str, Any], team: str) -> dict[str, Any]:
    """What of an experiment decides the results of one team, as data. Its tasks are compared for themselves."""
    teams = spec.get("teams") or {}
    own = teams.get(team) if team else spec.get("team")
    if isinstance(own, str) and own.startswith(_OBJECT):
        own = teams  # a baseline that was made of the others is another one when they are
    budget = {key: value for key, value in (spec.get("budget") or {}).items() if key not in _OF_THE_RUN}
    counts = {field: spec.get(field) for field in _WHAT_COUNTS}
    return {name: _without_empty(value) for name, value in {**counts, "team": own, "budget": budget}.items()}


def _without_empty(value: Any) -> Any:
    """Without what holds nothing: a section is written down with its empty parts where it was not given at all."""
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(one) for key, one in value.items()}
    return {key: one for key, one in kept.items() if one not in (None, {}, [])}


def _not_ours(plan: Plan, why: str) -> Exception:
    remedy = "run anew beside it with --fresh, or give the experiment another name"
    return bad_experiment([Problem(f"there is a run {plan.run!r} already, and {why}", remedy=remedy)])
