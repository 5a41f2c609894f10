"""What a session writes into the run's directory before the first task, and what it finds there."""

from __future__ import annotations

import contextlib
from pathlib import Path

from shoal.experiments.finished import ExperimentRun
from shoal.experiments.layout import (
    ENVIRONMENT_FILE,
    EXPERIMENT_FILE,
    RESULTS_FILE,
    TASKS_FILE,
    TEAM_FILE,
)
from shoal.experiments.result import State
from shoal.experiments.running.environment import read_environment, this_session
from shoal.experiments.running.files import write_json, write_lines, write_text
from shoal.experiments.running.plan import TEAM, Plan
from shoal.experiments.running.rewriting import rewrite_ended
from shoal.experiments.running.scores import Scores
from shoal.experiments.scoring.scale import scale_of
from shoal.experiments.workload.tasks_file import write_tasks
from shoal.runtime.durable.errors import StoreBroken


def begin_files(plan: Plan, path: Path, scores: Scores, *, now: float) -> dict[str, State]:
    """Write all; results begin with what has ended before, which is said. Raises :class:`StoreError`.

    ``experiment.json`` is the last of a new run: with it a directory is an experiment's, and can be resumed.
    """
    if not plan.resume:
        write_tasks(path / TASKS_FILE, plan.tasks)
    name, text = plan.original
    if name:  # a later one may differ in what results do not depend on
        write_text(path / name, text)
    sessions = read_environment(path).sessions if (path / ENVIRONMENT_FILE).exists() else ()
    session = this_session(Path(plan.environment.folder), resumed=plan.resume, now=now)
    environment = plan.environment.model_copy(update={"sessions": (*sessions, session)})
    write_json(path / ENVIRONMENT_FILE, environment.model_dump(mode="json"))
    write_json(path / TEAM_FILE, plan.topology.describe(TEAM))
    ended: dict[str, State] = {}
    if plan.resume:
        remember_scores(plan, path, scores)
        ended = rewrite_ended(
            path, plan.tasks, scores, without_failed=plan.retry_failed, state_store=plan.state_store
        )
    else:
        write_lines(path / RESULTS_FILE, ())
    write_json(path / EXPERIMENT_FILE, plan.spec)
    return ended


def remember_scores(plan: Plan, path: Path, scores: Scores) -> None:
    """Take over scores from the results that are there; a line that was cut off is judged again.

    Where another scorer gave them, all is judged again: the results are emptied before the experiment with its new
    scorer is written, so that whoever is killed in between leaves no score that the other gave.
    """
    if not (path / EXPERIMENT_FILE).exists():
        return
    with ExperimentRun(path) as run:
        if scale_of(run.spec) != scale_of(plan.spec):
            write_lines(path / RESULTS_FILE, ())
            write_json(path / EXPERIMENT_FILE, plan.spec)
        elif scores.judging:
            with contextlib.suppress(StoreBroken):
                scores.remember(run.results())
