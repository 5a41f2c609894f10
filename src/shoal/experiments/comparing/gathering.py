"""From what a comparison is given to its teams: experiments become plans, names of runs become results."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shoal.experiments.comparing.planned import Planned, Where, plan_baseline, plan_teams
from shoal.experiments.comparing.run_set import run_name
from shoal.experiments.comparing.team_run import SINGLE, TeamRun, read_team_run
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.file.loaded import Loaded, loaded_from
from shoal.experiments.file.loading import load
from shoal.experiments.file.python_file import split_name
from shoal.experiments.file.spec import Experiment

Source = str | os.PathLike[str] | Experiment | Loaded

_FILES = (".yaml", ".yml", ".json", ".py")


class Gathered(NamedTuple):
    """What is compared."""

    teams: list[TeamRun | Planned]
    """In the order in which they were given; a baseline that was made is the first."""
    waived: bool
    """Whether an experiment says itself that there is to be no baseline."""


def gather(
    sources: Sequence[Source], where: Where, overrides: Sequence[str] = (), *, make_baseline: bool = True
) -> Gathered:
    """All teams of these sources; nothing is started.

    ``make_baseline``: whether a lone agent is added where none is among them. Raises :class:`BadExperiment`,
    :class:`BadWorkload`, ``RunNotFound``, ``RunInUse``, :class:`NotAnExperiment`, :class:`StoreError`,
    and :class:`NothingToCompare` where experiments would have the same runs.
    """
    given = [str(source) if is_run(source) else _loaded(source, overrides) for source in sources]
    _check_names([one for one in given if isinstance(one, Loaded)])
    teams: list[TeamRun | Planned] = []
    made: list[tuple[Loaded, list[Planned]]] = []
    for one in given:
        if isinstance(one, Loaded):
            planned = plan_teams(one, where)
            made.append((one, planned))
            teams += planned
        else:
            teams.append(read_team_run(one, root=where.root))
    if make_baseline and not any(_lone(team) for team in teams):
        baselines = (plan_baseline(loaded, planned, where) for loaded, planned in made)
        first = next((one for one in baselines if one is not None), None)
        if first is not None:
            teams.insert(0, first)
    return Gathered(teams, any(loaded.experiment.baseline == "none" for loaded, _ in made))


def is_run(source: Source) -> bool:
    """Whether a run is meant, and not an experiment or a file of one."""
    if isinstance(source, Experiment | Loaded):
        return False
    file, _ = split_name(os.fspath(source))
    return Path(file).is_dir() or (Path(file).suffix.lower() not in _FILES and not Path(file).is_file())


def _check_names(experiments: Sequence[Loaded]) -> None:
    """That no two of them would have a run in common: runs are called after the experiment and the team."""
    owners: dict[str, Loaded] = {}
    for loaded in experiments:
        name = loaded.experiment.name
        for team in loaded.experiment.every_team:
            owner = owners.setdefault(run_name(loaded, team, 1), loaded)
            if owner is loaded:
                continue
            if loaded.path is not None and _said(owner) == _said(loaded):
                raise NothingToCompare(f"{_said(loaded)} is given twice: give it once")
            raise NothingToCompare(
                f"{_said(owner)} and {_said(loaded)} are both called {name!r}, so that their runs would be the same: "
                "give one of them another `name:`"
            )


def _said(loaded: Loaded) -> str:
    if loaded.path is None:
        return "an experiment of this program"
    return f"{loaded.path}:{loaded.name}" if loaded.name else str(loaded.path)


def _loaded(source: Source, overrides: Sequence[str]) -> Loaded:
    if isinstance(source, Loaded):
        return source
    return loaded_from(source) if isinstance(source, Experiment) else load(source, overrides)


def _lone(team: TeamRun | Planned) -> bool:
    return team.lone if isinstance(team, Planned) else team.pattern == SINGLE
