"""The single agent that teams are held against, made where nobody gave one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from shoal.experiments.comparing.team_run import SINGLE
from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.importing import Importer
from shoal.experiments.teams.baseline import baseline_of
from shoal.experiments.teams.making import make_team
from shoal.topologies.single import Single
from shoal.topologies.wiring.topology import Topology

_OTHERWISE = "baseline"
"""What it is called where a team that is no lone agent has its name."""


def is_lone(topology: Topology) -> bool:
    """Whether a team is one agent and nothing else."""
    return isinstance(topology, Single) and not any(
        isinstance(member, Topology) for member in topology.members.values()
    )


def baseline_for(loaded: Loaded, topologies: Sequence[Topology]) -> Any | None:
    """What the experiment's teams are held against: as its field ``baseline`` says, else a lone agent of the first team
    that such a one can be made of; ``None``: there is none."""
    said = loaded.experiment.baseline
    if said == "none":
        return None
    if said != "auto":
        return said
    return next((made for made in map(baseline_of, topologies) if made is not None), None)


def with_baseline(loaded: Loaded, baseline: Any) -> tuple[Loaded, str]:
    """The same experiment with the baseline as one more team, and what that is called."""
    teams = dict(loaded.experiment.every_team)
    name = baseline_name(teams)
    experiment = loaded.experiment.model_copy(update={"team": None, "teams": {**teams, name: baseline}})
    return replace(loaded, experiment=experiment), name


def with_baseline_called(loaded: Loaded, name: str, imports: Importer) -> Loaded:
    """The experiment with the baseline that a comparison added to it under this name: for going on with its run.

    The same experiment where it has a team of that name. Raises :class:`BadExperiment` where no such baseline can be
    made of it any more.
    """
    experiment = loaded.experiment
    if name in experiment.every_team:
        return loaded
    teams = [make_team(team, imports, experiment.models) for team in experiment.every_team.values()]
    baseline = baseline_for(loaded, teams)
    if baseline is not None and baseline_name(experiment.every_team) == name:
        return with_baseline(loaded, baseline)[0]
    known = ", ".join(experiment.every_team)
    raise bad_experiment([Problem(f"there is no team {name!r}; there are: {known}", field="teams")])


def baseline_name(teams: Collection[str]) -> str:
    """What the baseline is called among teams of these names."""
    names = chain((SINGLE, _OTHERWISE), (f"{_OTHERWISE}_{number}" for number in count(2)))
    return next(name for name in names if name not in teams)
