"""Experiments that are Python: a file with ``experiment = shoal.Experiment(...)``, or ``file.py:name``."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.team_field import is_team_object
from shoal.experiments.file.telling import problems_of, wrong
from shoal.experiments.importing import Importer
from shoal.experiments.teams.python_member import needs
from shoal.experiments.theirs import TheirError, call_theirs, place_of_error

NAME = "experiment"


def split_name(given: str) -> tuple[str, str]:
    """``file.py:name`` as its parts; the name is empty where none is given."""
    file, colon, name = given.rpartition(":")
    return (file, name) if colon and file.endswith(".py") else (given, "")


def find_experiment(path: Path, name: str, shown: str) -> Experiment:
    """The experiment in a Python file, whose code runs. Raises ``BadExperiment``."""
    called = name or NAME
    try:
        imports = Importer(path.parent)
        found = imports.find(f"{path.name}:{called}", "")
        if callable(found) and not isinstance(found, type):
            found = _made(found, called, imports)
    except BadExperiment as exc:
        if isinstance(exc.__cause__, BadExperiment):
            raise _within(exc.__cause__, path, shown) from exc
        raise
    if not isinstance(found, Experiment):
        what = f"{called} is a {type(found).__name__}, not a shoal.Experiment"
        raise wrong(
            [Problem(what, shown, remedy=f"write {NAME} = shoal.Experiment(...), or give file.py:name")]
        )
    return found


def _made(function: Any, name: str, imports: Importer) -> Any:
    """What the function makes."""
    if lacking := needs(function):
        what = f"{name} needs {', '.join(lacking)}, and is called without arguments"
        raise wrong([Problem(what, remedy="give its parameters defaults")])
    try:
        made = call_theirs(function)
    except TheirError as exc:
        raise wrong([Problem(f"{name}() failed: {imports.said(exc)}")]) from exc.raised
    if inspect.iscoroutine(made):
        made.close()
    return made


def _within(error: BadExperiment, path: Path, shown: str) -> BadExperiment:
    """The problems of an experiment that could not be made, each with the line of the file where it is made."""
    file, line = place_of_error(error, path.parent)
    file = shown if Path(file) == path else file
    return wrong(one if one.file else one._replace(file=file, line=line) for one in problems_of(error))


def as_data(experiment: Experiment) -> dict[str, Any]:
    """Its fields as overrides are put into: what is a model is plain data, what is another object is itself."""
    return {name: _plain(getattr(experiment, name)) for name in experiment.model_fields_set}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {fields[name].alias or name: _plain(getattr(value, name)) for name in value.model_fields_set}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if type(value) is list else value


def has_objects(experiment: Experiment) -> bool:
    """Whether something of it can be had from its program only: a team, an agent, cases that are made as they go."""
    teams = [*experiment.every_team.values(), experiment.baseline]
    return any(is_team_object(team) for team in teams) or not isinstance(
        experiment.workload.tasks, str | list | tuple
    )
