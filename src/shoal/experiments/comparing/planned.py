"""What a comparison of an experiment's teams has to run: a plan for each team, the baseline among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shoal.experiments.comparing.baseline import baseline_for, is_lone, with_baseline
from shoal.experiments.comparing.run_set import run_name, set_number
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
    number: int
    """Of its set."""

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
    """Whether a new set of runs is made beside those that are there."""


def plan_teams(loaded: Loaded, where: Where) -> list[Planned]:
    """A plan for each of the experiment's teams, in one set. Raises as :func:`plan_run`, :func:`set_number` and
    :func:`what_is_there`."""
    experiment, checked = loaded.experiment, check_experiment(loaded)
    alone = not experiment.teams
    number = set_number(loaded, where.root, fresh=where.fresh)
    return [_planned(loaded, name, where, checked, number, alone=alone) for name in experiment.every_team]


def plan_baseline(loaded: Loaded, teams: Sequence[Planned], where: Where) -> Planned | None:
    """A plan for the lone agent that the experiment says or that can be made of its teams, in their set; ``None``:
    there is none."""
    baseline = baseline_for(loaded, [team.plan.topology for team in teams])
    if baseline is None:
        return None
    more, name = with_baseline(loaded, baseline)
    return _planned(more, name, where, check_experiment(more), teams[0].number, alone=False)


def _planned(
    loaded: Loaded, name: str, where: Where, checked: Checked, number: int, *, alone: bool
) -> Planned:
    """``number``: of the set. ``alone``: the experiment has this one team and no name for it."""
    run = run_name(loaded, name, number)
    plan = plan_run(loaded, team=name, run=run, root=where.root, address=where.address, checked=checked)
    there = what_is_there(plan)
    if there is There.OPEN:
        plan = again(loaded, plan.path, read_environment(plan.path), address=where.address)
    return Planned(loaded.experiment.name if alone else name, plan, there, number)
