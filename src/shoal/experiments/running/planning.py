"""From an experiment, or a run directory, to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shoal.experiments.comparing.baseline import with_baseline_called
from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.file.checking import Checked, check_experiment
from shoal.experiments.file.keys import require_keys
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.loading import load
from shoal.experiments.file.saving import save
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.telling import raise_problems
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.importing import Importer
from shoal.experiments.layout import EXPERIMENT_FILE, ORIGINAL_FILES, TASKS_FILE
from shoal.experiments.running.closing import resume_words
from shoal.experiments.running.differences import (
    as_it_was,
    changed_variables,
    decisive_variables,
    difference,
    refused_changes,
)
from shoal.experiments.running.environment import Environment, read_environment
from shoal.experiments.running.plan import TEAM, Plan
from shoal.experiments.running.variables import Variables
from shoal.experiments.scoring.making import make_scorer
from shoal.experiments.task import Task
from shoal.experiments.teams.making import make_team
from shoal.experiments.workload.messages import message_kind
from shoal.experiments.workload.tasks_file import read_tasks_file
from shoal.runtime.journal.errors import RunNotResumable
from shoal.runtime.journal.run_directory import check_run_id, runs_root
from shoal.topologies.wiring.topology import Topology

_YAML, _PYTHON = ORIGINAL_FILES


def plan_run(
    loaded: Loaded,
    *,
    team: str | None = None,
    run: str,
    root: Path | str | None = None,
    address: str | None = None,
    checked: Checked | None = None,
) -> Plan:
    """A new run of the experiment's team, all of the experiment being checked first.

    ``team``: which of several. ``address``: instead of the experiment's own. ``checked``: what the check came to, where
    it was made already. Raises :class:`BadExperiment` with every problem found.
    """
    checked = checked or check_experiment(loaded)
    experiment = loaded.experiment
    name = team_named(experiment, team)
    topology = checked.teams[name]
    where = address if address is not None else experiment.cluster.address
    require_keys(loaded, topology, where)
    imports = Importer(loaded.folder)
    spec, of = save(loaded), name if experiment.teams else ""
    return Plan(
        experiment=experiment,
        run=check_run_id(run),
        root=root_of(experiment, loaded.folder, root),
        address=where,
        topology=topology,
        tasks=checked.tasks,
        scorer=checked.scorer,
        environment=_environment(loaded, of, address, _variables(loaded, spec, of, Variables())),
        original=_original(loaded),
        spec=spec,
        held=loaded.held,
        kind=message_kind(experiment.workload, topology.signature(), imports),
    )


def plan_resume(
    path: Path, *, overrides: Sequence[str] = (), address: str | None = None, retry_failed: bool = False
) -> Plan:
    """How to go on with the run in this directory, whose experiment came from a file.

    What is to be done is what its ``tasks.jsonl`` says. ``overrides`` change what a resume acts on, and variables of
    the environment hold what they held where results depend on them. Raises :class:`NotAnExperiment`,
    :class:`RunNotResumable`, :class:`BadExperiment`, ``ConfigError``, :class:`StoreError`.
    """
    environment = read_environment(path)
    folder = Path(environment.folder)
    if not folder.is_dir():
        raise RunNotResumable(
            f"run {path.name!r} needs the code in {folder}, which is not there any more: put it back, or a link to "
            "where it is now",
            run=path.name,
        )
    every = [*environment.overrides, *overrides]
    loaded = load(path / _YAML if environment.made_by == "file" else environment.file, every)
    plan = again(loaded, path, environment, address=address, retry_failed=retry_failed)
    if (path / EXPERIMENT_FILE).exists():
        with ExperimentRun(path) as run:
            raise_problems(refused_changes(plan, run, overrides))
    return plan


def again(
    loaded: Loaded,
    path: Path,
    environment: Environment,
    *,
    address: str | None = None,
    retry_failed: bool = False,
) -> Plan:
    """How to go on with the run in this directory, with an experiment that is at hand and is its own."""
    imports = Importer(Path(environment.folder))
    if environment.team:
        loaded = with_baseline_called(loaded, environment.team, imports)
    experiment = loaded.experiment
    address = address if address is not None else environment.address
    tasks = _tasks_of(path)
    topology = _checked_team(experiment, team_named(experiment, environment.team or None), imports)
    spec = save(loaded)
    now = {
        "overrides": loaded.overrides,
        "address": address,
        "variables": _variables(loaded, spec, environment.team, environment.variables),
    }
    return Plan(
        experiment=experiment,
        run=path.name,
        root=path.parent,
        address=address if address is not None else experiment.cluster.address,
        topology=topology,
        tasks=tasks,
        scorer=make_scorer(experiment.score, experiment.workload, imports),
        environment=environment.model_copy(update=now),
        original=_original(loaded),
        spec=spec,
        held=loaded.held,
        kind=message_kind(experiment.workload, topology.signature(), imports),
        resume=True,
        retry_failed=retry_failed,
    )


def plan_going_on(
    loaded: Loaded,
    path: Path,
    *,
    team: str | None = None,
    address: str | None = None,
    retry_failed: bool = False,
) -> Plan:
    """How to go on with the run in this directory as this experiment, which must be the one that it is of.

    ``team``: which is meant; else the one that the run is of. From then on the run's file and overrides are these.
    Raises :class:`BadExperiment` that names what differs in what results depend on, and as :func:`plan_run` does;
    :class:`NotAnExperiment`, :class:`RunNotResumable`, :class:`StoreError`.
    """
    environment = read_environment(path)
    of = environment.team
    address = address if address is not None else environment.address
    if of:
        loaded = with_baseline_called(loaded, of, Importer(loaded.folder))
    plan = plan_run(loaded, team=team or of or None, run=path.name, root=path.parent, address=address)
    tasks = _tasks_of(path)
    with ExperimentRun(path) as run:
        theirs = f"it is of team {of!r}" if plan.environment.team != of else difference(plan, run)
    if theirs:
        changed = changed_variables(plan, environment.variables)
        remedy = f"give another name, or go on with it as it was: `{resume_words(path)}`"
        what = f"there is a run {path.name!r} already, and {theirs}"
        raise bad_experiment([Problem(what, remedy=as_it_was(changed) if changed else remedy)])
    variables = _variables(loaded, plan.spec, of, environment.variables)
    now = plan.environment.model_copy(update={"variables": variables})
    return replace(plan, environment=now, tasks=tasks, resume=True, retry_failed=retry_failed)


def team_named(experiment: Experiment, team: str | None) -> str:
    """The name of the team that is meant. Raises :class:`BadExperiment`."""
    names = list(experiment.every_team)
    if team is None and len(names) == 1:
        return names[0]
    if team in names:
        return str(team)
    said = "it does not say which team is meant" if team is None else f"there is no team {team!r}"
    raise bad_experiment([Problem(f"{said}; there are: {', '.join(names)}", field="teams")])


def root_of(experiment: Experiment, folder: Path, root: Path | str | None) -> Path:
    """Where its run directories are: as the caller says, or the experiment, or where all runs are."""
    if root is None and experiment.output.runs is not None:
        return (folder / experiment.output.runs).absolute()
    return runs_root(root)


def _tasks_of(path: Path) -> list[Task]:
    tasks = read_tasks_file(path / TASKS_FILE) if (path / TASKS_FILE).exists() else []
    if not tasks:
        raise RunNotResumable(
            f"run {path.name!r} ended before its tasks were written down: start it anew under another name",
            run=path.name,
        )
    return tasks


def _checked_team(experiment: Experiment, name: str, imports: Importer) -> Topology:
    topology = make_team(experiment.every_team[name], imports, experiment.models)
    topology.check(TEAM)
    return topology


def _variables(loaded: Loaded, spec: Mapping[str, Any], team: str, before: Variables) -> Variables:
    """Those that decide the results of the team: as they were, with those of which nothing was known."""
    return before.with_more(decisive_variables(spec, team), loaded.held)


def _environment(loaded: Loaded, team: str, address: str | None, variables: Variables) -> Environment:
    file = "" if loaded.path is None else str(loaded.path)
    python = file.endswith(".py")
    return Environment(
        made_by="program" if not file else "python" if python else "file",
        folder=str(loaded.folder),
        file=f"{file}:{loaded.name}" if python and loaded.name else file,
        overrides=loaded.overrides,
        team=team,
        seed=loaded.experiment.seed,
        address=address,
        variables=variables,
    )


def _original(loaded: Loaded) -> tuple[str, str]:
    if loaded.path is None:
        return "", ""
    return (_PYTHON if loaded.path.suffix.lower() == ".py" else _YAML), loaded.text
