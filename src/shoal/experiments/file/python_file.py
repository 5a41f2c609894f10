"""Experiments that are Python: a file with ``experiment = shoal.Experiment(...)``, or ``file.py:name``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shoal.experiments.errors import Problem
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.team_field import is_team_object
from shoal.experiments.file.telling import wrong
from shoal.experiments.importing import Importer

NAME = "experiment"


def split_name(given: str) -> tuple[str, str]:
    """``file.py:name`` as its parts; the name is empty where none is given."""
    file, colon, name = given.rpartition(":")
    return (file, name) if colon and file.endswith(".py") else (given, "")


def find_experiment(path: Path, name: str, shown: str) -> Experiment:
    """The experiment in a Python file, whose code runs. Raises ``BadExperiment``."""
    found = Importer(path.parent).find(f"{path.name}:{name or NAME}", "")
    if callable(found) and not isinstance(found, type):
        found = found()
    if not isinstance(found, Experiment):
        what = f"{name or NAME} is a {type(found).__name__}, not a shoal.Experiment"
        raise wrong(
            [Problem(what, shown, remedy=f"write {NAME} = shoal.Experiment(...), or give file.py:name")]
        )
    return found


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
