"""What ``shoal run`` is asked to do: the plans of all its runs, made before the first of them is started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.file.checking import check_experiment
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.loading import load
from shoal.experiments.layout import ENVIRONMENT_FILE
from shoal.experiments.options import command_again
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.launching import base_name
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.planning import plan_going_on, plan_run, root_of, team_named
from shoal.experiments.running.unbegun import check_is_experiment, is_unbegun
from shoal.runtime.journal.resuming import RESUME_VARIABLE


class Asked(NamedTuple):
    """The words of the command."""

    file: str
    overrides: list[str]
    team: str | None
    name: str | None
    root: Path | None
    address: str | None
    resume: bool

    def begin_command(self, plan: Plan) -> str:
        """The command that begins one of its runs alone."""
        options = {
            "--team": plan.environment.team or None,
            "--name": plan.run,
            "--root": self.root,
            "--address": self.address,
        }
        return command_again("run", [self.file], self.overrides, options)


def plans_of(asked: Asked) -> list[Plan]:
    """A plan for each run. Raises as :func:`plan_run`, and as :func:`plan_going_on`."""
    loaded = load(asked.file, asked.overrides)
    experiment = loaded.experiment
    if resumed := os.environ.get(RESUME_VARIABLE):
        # `shoal resume` of a run that was killed before there was anything of the experiment in it.
        path = Path(resumed)
        team = _team_of(asked, loaded, path)
        return [plan_run(loaded, team=team, run=path.name, root=path.parent, address=asked.address)]
    if going_on := _there(asked, loaded):
        return [plan_going_on(loaded, going_on, team=asked.team, address=asked.address)]
    base = asked.name or base_name(experiment)
    if not experiment.teams:
        runs = [(asked.team, base)]
    elif asked.team is not None:
        runs = [(asked.team, asked.name or f"{base}-{team_named(experiment, asked.team)}")]
    else:
        runs = [(each, f"{base}-{each}") for each in experiment.teams]
    checked = check_experiment(loaded)
    return [
        plan_run(loaded, team=each, run=run, root=asked.root, address=asked.address, checked=checked)
        for each, run in runs
    ]


def _team_of(asked: Asked, loaded: Loaded, path: Path) -> str | None:
    """Of which team the run in this directory is to be: that is in its name, unless it was written down already."""
    if asked.team is not None:
        return asked.team
    if (path / ENVIRONMENT_FILE).exists():
        return read_environment(path).team or None
    teams = loaded.experiment.teams
    for each in teams:
        if path.name == f"{asked.name}-{each}":
            return each
    return max((each for each in teams if path.name.endswith(f"-{each}")), key=len, default=None)


def _there(asked: Asked, loaded: Loaded) -> Path | None:
    """The run to go on with; ``None``: none is wanted, or none was begun yet."""
    if not asked.resume:
        return None
    if asked.name is None or loaded.experiment.teams:
        what = "--resume needs --name: which run is to be gone on with"
        if asked.name is not None:
            what = "--resume goes on with one run, and the experiment has several teams: use shoal resume RUN"
        raise bad_experiment([Problem(what)])
    path = root_of(loaded.experiment, loaded.folder, asked.root) / asked.name
    if not path.exists() or is_unbegun(path):
        return None
    check_is_experiment(path)
    return path
