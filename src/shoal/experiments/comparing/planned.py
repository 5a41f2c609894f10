"""What a comparison of an experiment's teams has to run: a plan for each team, the baseline among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from shoal.experiments.comparing.baseline import baseline_for, is_lone, with_baseline
from shoal.experiments.comparing.team_run import SINGLE, TeamRun
from shoal.experiments.comparing.there import There, what_is_there
from shoal.experiments.file.checking import Checked, check_experiment
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.planning import again, plan_run
from shoal.experiments.scoring.scale import scale_of


class Planned(NamedTuple):
    """A team's run, planned and checked."""

    team: str
    """What it is called in the comparison."""
    plan: Plan
    there: There

    @property
    def lone(self) -> bool:
        """Whether it is a single agent."""
        return is_lone(self.plan.topology)

    @property
    def outline(self) -> TeamRun:
        """The run without results: to see before anything is started that it can be compared."""
        return TeamRun(
            team=self.team,
            tasks=tuple(self.plan.tasks),
            results=(),
            run=self.plan.run,
            pattern=SINGLE if self.lone else self.plan.topology.pattern,
            seed=self.plan.experiment.seed,
            scale=scale_of(self.plan.spec),
        )


class Where(NamedTuple):
    """Where runs are, and how they are made."""

    root: Path | str | None = None
    address: str | None = None
    fresh: bool = False
    """Whether runs are made anew beside those that are there."""


def plan_teams(loaded: Loaded, where: Where) -> list[Planned]:
    """A plan for each of the experiment's teams. Raises as :func:`plan_run` and :func:`what_is_there`."""
    experiment, checked = loaded.experiment, check_experiment(loaded)
    alone = not experiment.teams
    return [_planned(loaded, name, where, checked, alone=alone) for name in experiment.every_team]


def plan_baseline(loaded: Loaded, teams: Sequence[Planned], where: Where) -> Planned | None:
    """A plan for the lone agent that the experiment says or that can be made of its teams; ``None``: there is none."""
    baseline = baseline_for(loaded, [team.plan.topology for team in teams])
    if baseline is None:
        return None
    more, name = with_baseline(loaded, baseline)
    return _planned(more, name, where, check_experiment(more), alone=False)


def _planned(loaded: Loaded, name: str, where: Where, checked: Checked, *, alone: bool) -> Planned:
    """``alone``: the experiment has this one team and no name for it."""
    run = f"{loaded.experiment.name}-{name}"
    plan = plan_run(loaded, team=name, run=run, root=where.root, address=where.address, checked=checked)
    if where.fresh:
        plan = _beside(plan)
    there = what_is_there(plan)
    if there is There.OPEN:
        plan = again(loaded, plan.path, read_environment(plan.path), address=where.address)
    return Planned(loaded.experiment.name if alone else name, plan, there)


def _beside(plan: Plan) -> Plan:
    """The plan under a name that no run has yet: ``triage-vote``, ``triage-vote-2``, ..."""
    name, number = plan.run, 1
    while plan.path.exists():
        number += 1
        plan = replace(plan, run=f"{name}-{number}")
    return plan
