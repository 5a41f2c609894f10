"""What of an experiment decides its results: a run is gone on with, or read, only as the one that it is of. Pure.

Budgets of the whole run, rates, concurrency, cluster and output may be others from one session to the next, and so may
where a model is, and with which key it is asked. A resume may be told more, on purpose: see :func:`refused_changes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Path
from shoal.experiments.file.telling import FLAG
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.variables import Variables, named_in
from shoal.experiments.scoring.scale import scale_of
from shoal.experiments.task import Task

_OF_THE_RUN = ("tokens", "usd", "calls", "steps", "wall")
"""Budgets of the whole run: a larger one than before is a way to go on."""
_OBJECT = "(an object of Python"
"""How an agent or a topology is written down that no file describes: from that nobody knows what was in it."""
_OF_THE_ENDPOINT = ("base_url", "api_key_env", "rates")
"""Servers move, keys are new ones, and limits are others there; which model is asked is another thing."""
_WHAT_COUNTS = ("models", "timeout_s", "attempts", "seed", "settings")
_FIXED = ("team", "models", "seed")
"""What a resume cannot change, as what is done already would be of another experiment."""
_DONE_WITH = ("name", "workload", "repeats", "teams", "baseline")
"""Of what a resume takes nothing any more: the run has its name, its tasks and its team."""


def difference(plan: Plan, run: ExperimentRun) -> str:
    """How the run differs from the plan, as ``it ran other tasks``; empty: in nothing that a result depends on.

    Raises :class:`NotAnExperiment`, :class:`StoreError`.
    """
    mine, theirs = decisive(plan.spec, plan.environment.team), decisive(run.spec, plan.environment.team)
    fields = [field for field in mine if mine[field] != theirs.get(field)]
    if fields:
        return f"it ran with another {', '.join(fields)}"
    if changed := changed_variables(plan, read_environment(run.path).variables):
        return f"it ran with another value of {_with_fields(changed)}"
    return _other_tasks(list(run.tasks()), plan.tasks)


def changed_variables(plan: Plan, before: Variables) -> dict[str, str]:
    """Variables of the environment that results depend on and that held something else, and where each stands."""
    named = decisive_variables(plan.spec, plan.environment.team)
    return {name: field for name, field in named.items() if before.differs(name, plan.held)}


def decisive_variables(spec: Mapping[str, Any], team: str) -> dict[str, str]:
    """The variables of the environment that what decides the results names, and a field of each."""
    place, own = _own_team(spec, team)
    others = {field: value for field, value in decisive(spec, team).items() if field != "team"}
    return {**named_in(others), **named_in(own, place)}


def refused_changes(plan: Plan, run: ExperimentRun, overrides: Sequence[str]) -> list[Problem]:
    """What a resume of the run would change without acting on it, or so that the run were of two experiments.

    ``overrides``: those of this resume. What it does act on from then on is left to whoever says so: the scorer, by
    which all is judged again, how long and how often tasks are tried, budgets and settings. Raises :class:`StoreError`.
    """
    said = {text.partition("=")[0].partition(".")[0].strip(): text for text in overrides}
    team = plan.environment.team
    mine, theirs = decisive(plan.spec, team), decisive(run.spec, team)
    fields = [field for field in _FIXED if mine[field] != theirs[field]]
    for field in _DONE_WITH:
        if field in said and _without_empty(plan.spec.get(field)) != _without_empty(run.spec.get(field)):
            fields.append(field)
    remedy = "leave it as it was, or run the experiment under another name"
    problems = []
    for field in fields:
        text = said.get("teams" if field == "team" and team else field)
        place = f"{FLAG} {text}" if text else ""
        what = f"run {plan.run!r} was begun with another {field}, which a resume cannot change"
        problems.append(Problem(what, place, field=field, remedy=remedy))
    if not problems and (changed := changed_variables(plan, read_environment(run.path).variables)):
        what = f"run {plan.run!r} was begun with another value of {_with_fields(changed)}"
        problems.append(Problem(what, remedy=as_it_was(changed)))
    return problems


def as_it_was(changed: Mapping[str, str]) -> str:
    """What to do about variables that changed."""
    return f"export {' and '.join(changed)} as before, or run the experiment under another name"


def _with_fields(changed: Mapping[str, str]) -> str:
    return ", ".join(f"the variable {name} ({field})" for name, field in changed.items())


def decisive(spec: Mapping[str, Any], team: str) -> dict[str, Any]:
    """What of an experiment decides the results of one team, as data. Its tasks are compared for themselves."""
    _, own = _own_team(spec, team)
    budget = {key: value for key, value in (spec.get("budget") or {}).items() if key not in _OF_THE_RUN}
    counts = {field: spec.get(field) for field in _WHAT_COUNTS}
    counts["models"] = {name: _without_endpoint(model) for name, model in (spec.get("models") or {}).items()}
    every = {**counts, "score": scale_of(spec), "team": own, "budget": budget}
    return {name: _without_empty(value) for name, value in every.items()}


def _own_team(spec: Mapping[str, Any], team: str) -> tuple[Path, Any]:
    """Where the team of a run is written down, and as what."""
    teams = spec.get("teams") or {}
    place, own = (("teams", team), teams.get(team)) if team else (("team",), spec.get("team"))
    if isinstance(own, str) and own.startswith(_OBJECT):
        return ("teams",), teams  # a baseline that was made of the others is another one when they are
    return place, own


def _without_endpoint(model: Any) -> Any:
    if not isinstance(model, Mapping):
        return model
    return {key: value for key, value in model.items() if key not in _OF_THE_ENDPOINT}


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
