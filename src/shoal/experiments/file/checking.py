"""Everything that can be known of an experiment before it is run: its code is imported, its teams are made and their
wiring is checked, its workload is read to the end, and each task is held against each team. Nothing is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from shoal.experiments.errors import BadExperiment, BadWorkload, Problem
from shoal.experiments.file.addresses import unknown_budgets
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.places import Path, dotted
from shoal.experiments.file.pricing import (
    REMEDY,
    Unpriced,
    dollar_limit,
    unpriced_of_agents,
    unpriced_of_all,
)
from shoal.experiments.file.telling import raise_problems
from shoal.experiments.importing import Importer
from shoal.experiments.scoring.checking import check_scorer
from shoal.experiments.scoring.making import make_scorer
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.task import Task
from shoal.experiments.teams.making import make_team
from shoal.experiments.theirs import text_of
from shoal.experiments.workload.messages import check_messages
from shoal.experiments.workload.reading import read_tasks
from shoal.models.opening import open_model
from shoal.models.prices import PriceTable, load_prices
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.run_directory import check_run_id, generate_run_id
from shoal.topologies.wiring.topology import Topology

T = TypeVar("T")
_TEAMS = ("team", "teams", "baseline")
TEAM = "team"
"""What a team is called while its wiring is checked: addresses begin with it."""
BASELINE = "baseline"
"""What the team under ``baseline`` is called."""


@dataclass
class Checked:
    """An experiment that can be run."""

    loaded: Loaded
    teams: dict[str, Topology] = field(default_factory=dict)
    """By name; a baseline of the file's own is :data:`BASELINE`."""
    tasks: list[Task] = field(default_factory=list)
    scorer: Scorer | None = None


def check_experiment(loaded: Loaded) -> Checked:
    """What is run. Raises ``BadExperiment`` with every problem found, each with its place."""
    checking = _Checking(loaded)
    checking.everything()
    raise_problems(checking.problems)
    return checking.checked


class _Checking:
    def __init__(self, loaded: Loaded) -> None:
        self.checked = Checked(loaded)
        self.problems: list[Problem] = []
        self._loaded = loaded
        self._experiment = loaded.experiment
        self._imports = Importer(loaded.folder)
        self._prices: PriceTable | None = None
        self._told_prices: set[Path] = set()

    def everything(self) -> None:
        """Look at each part, whatever is wrong with the others."""
        experiment, loaded, imports = self._experiment, self._loaded, self._imports
        self._models()
        self._names_of_runs()
        for name, team in experiment.every_team.items():
            self._team(name, team, ("teams", name) if experiment.teams else ("team",))
        if experiment.baseline not in ("auto", "none"):
            self._baseline(experiment.baseline)
        self._addresses()
        self._output()
        workload = experiment.workload
        tasks = self._try(
            lambda: read_tasks(
                workload, loaded.folder, imports, seed=experiment.seed, repeats=experiment.repeats
            ),
            ("workload",),
        )
        self.checked.tasks = tasks or []
        self.checked.scorer = self._try(lambda: make_scorer(experiment.score, workload, imports), ("score",))
        for topology in self.checked.teams.values():
            self._try(partial(self._fitting, topology), ("workload",))

    def _models(self) -> None:
        self._prices = self._try(load_prices, ("models",))
        for name, model in self._experiment.models.items():
            self._try(partial(open_model, model), ("models", name))
        if self._prices is not None:
            self._unpriced(unpriced_of_all(self._experiment.models, self._experiment.budget, self._prices))

    def _names_of_runs(self) -> None:
        """That runs can be called after the teams: of one without ``--name``, the experiment's and a date go before."""
        for name in self._experiment.teams:
            run = f"{self._experiment.name}-{generate_run_id(0.0)}-{name}"
            try:
                check_run_id(run)
            except ConfigError:
                what = f"a run of the team {name!r} cannot be called EXPERIMENT-DATE-TEAM ({len(run)} characters)"
                remedy = "letters, digits and _ . : - are in a run's name, 128 at most: give it another name"
                self._note([self._loaded.locator.problem(("teams", name), what, remedy)])

    def _team(self, name: str, team: Any, path: Path) -> None:
        topology = self._try(lambda: self._made(team), path)
        if topology is None:
            return
        self.checked.teams[name] = topology
        if self._prices is not None:
            limit, models = dollar_limit(self._experiment.budget), self._experiment.models
            self._unpriced(unpriced_of_agents(topology, TEAM, models, limit, self._prices), path)

    def _unpriced(self, found: Iterable[Unpriced], team: Path = ()) -> None:
        """Each model once, whatever refuses it."""
        for one in found:
            path = ("models", one.name) if one.name else team
            if path not in self._told_prices:
                self._told_prices.add(path)
                self.problems.append(self._loaded.locator.problem(path, one.what, REMEDY))

    def _baseline(self, team: Any) -> None:
        """A comparison may have put the baseline among the teams itself, under its name."""
        among = self._experiment.teams.get(BASELINE)
        if among is not None and among is not team:
            what = f"the team {BASELINE!r} has the name of what `baseline` says, which would take its place"
            remedy = "give the team another name, or leave one of the two out"
            self.problems.append(self._loaded.locator.problem(("teams", BASELINE), what, remedy))
        self._team(BASELINE, team, ("baseline",))

    def _addresses(self) -> None:
        """Budgets of addresses that there are not, as far as all are known."""
        made, experiment = self.checked.teams, self._experiment
        baseline = () if experiment.baseline in ("auto", "none") else (BASELINE,)
        if set(made) != {*experiment.every_team, *baseline}:
            return
        for one in unknown_budgets(experiment.budget, made.values(), TEAM):
            if not one.may_be_child:
                self.problems.append(self._loaded.locator.problem(one.path, one.what, one.remedy))

    def _output(self) -> None:
        """That there can be run directories where the experiment wants them."""
        wanted = self._experiment.output.runs
        if wanted is None:
            return
        try:
            root = (self._loaded.folder / wanted).absolute()
            there = next((one for one in (root, *root.parents) if one.exists() or one.is_symlink()), root)
            what = "" if there.is_dir() else f"{there} is no folder, and run directories cannot be in it"
        except (OSError, ValueError) as exc:
            what = f"found {wanted!r}, which cannot be a folder: {exc}"
        if what:
            self.problems.append(self._loaded.locator.problem(("output", "runs"), what, "give a folder"))

    def _made(self, team: Any) -> Topology:
        topology = make_team(team, self._imports, self._experiment.models)
        topology.check(TEAM)
        return topology

    def _fitting(self, topology: Topology) -> None:
        """Whether the team takes each task, and answers what can be judged."""
        signature, workload, tasks = topology.signature(), self._experiment.workload, self.checked.tasks
        found = check_messages(tasks, signature, workload, self._imports)
        if self.checked.scorer is not None:
            found += check_scorer(self.checked.scorer, tasks, signature)
        self._note(found)

    def _try(self, part: Callable[[], T], path: Path) -> T | None:
        """What it comes to, or nothing, with its problems noted."""
        try:
            return part()
        except (BadExperiment, BadWorkload) as exc:
            found = self._loaded.problems(exc, path if path[0] in _TEAMS else ())
            self._note([one if one.field or one.file else one._replace(field=dotted(path)) for one in found])
        except ConfigError as exc:
            self._note([self._loaded.locator.problem(path, exc.text)])
        except SystemExit as exc:  # the user's code, in a place where nobody reckons with it
            what = f"code of the experiment would end the program: {text_of(exc)}"
            self._note([self._loaded.locator.problem(path, what)])
        return None

    def _note(self, found: list[Problem]) -> None:
        """Each problem once, with its place, whichever team has it."""
        for one in found:
            placed = self._loaded.locator.placed(one)
            if placed not in self.problems:
                self.problems.append(placed)
