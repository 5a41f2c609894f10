"""One team's run, as it is compared: what was asked, what came of it, and what the results do not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from shoal.experiments.errors import NothingToCompare
from shoal.experiments.finished import ExperimentRun, open_experiment
from shoal.experiments.result import Result
from shoal.experiments.scoring.scale import scale_of
from shoal.experiments.task import Task
from shoal.runtime.durable.errors import StoreBroken

SINGLE = "single"
"""The pattern of a lone agent, as its graph names it."""


class TeamRun(NamedTuple):
    """A run of one team."""

    team: str
    """What it is called in the comparison."""
    tasks: tuple[Task, ...]
    results: tuple[Result, ...]
    run: str = ""
    experiment: str = ""
    pattern: str = ""
    """Of the team's outermost topology."""
    seed: int | None = None
    """Of the experiment; ``None``: not known, and not compared."""
    scale: str | None = None
    """By what its answers were judged; ``None``: not known, and not compared."""
    throughput: float | None = None
    """Tasks that ended, for each second in which tasks were under way."""
    sessions: int = 1
    """How many programs did it: more than one where it was resumed."""
    restarts: int = 0
    path: str = ""
    """The run's directory."""

    @property
    def scorer_failures(self) -> list[Result]:
        """Those whose answer the scorer failed on."""
        return [result for result in self.results if result.scorer_failed]


def team_run_of(run: ExperimentRun) -> TeamRun:
    """All of a run that is compared.

    Raises :class:`NothingToCompare` for one that runs, or whose results were not put together since a program last
    worked on it, and :class:`StoreError` as ``run`` does.
    """
    _check_free(run)
    try:
        summary = run.summary
    except StoreBroken as error:
        raise StoreBroken(f"{error.text}; {run.resume_words} writes it anew", **error.details) from error
    _check_put_together(run)
    results = tuple(run.results())
    pattern = _pattern(run.team)
    seed = run.spec.get("seed")
    return TeamRun(
        team=_team(run),
        tasks=tuple(run.tasks()),
        results=results,
        run=run.id,
        path=str(run.path),
        experiment=run.name,
        pattern=pattern,
        seed=seed if isinstance(seed, int) else None,
        scale=scale_of(run.spec),
        throughput=_number(summary.get("throughput")),
        sessions=int(_number(summary.get("sessions")) or 1),
        restarts=int(_number(summary.get("restarts")) or 0),
    )


def _check_free(run: ExperimentRun) -> None:
    holder = run.reader.summary().holder
    if holder is not None:
        raise NothingToCompare(
            f"run {run.id!r} is running (process {holder.pid} has it), and what it costs is put together at its end: "
            "wait for it, or end it",
            run=run.id,
        )


def _check_put_together(run: ExperimentRun) -> None:
    if not run.is_put_together():
        raise NothingToCompare(
            f"run {run.id!r} was cut off before its results were put together: {run.resume_words} goes on with it, or "
            "puts them together where nothing is left to do",
            run=run.id,
        )


def read_team_run(run: str, *, root: Path | str | None = None) -> TeamRun:
    """The run of this name, or in this directory. Raises as :func:`open_experiment` and :func:`team_run_of`."""
    with open_experiment(run, root=root) as found:
        return team_run_of(found)


def told_apart(runs: list[TeamRun]) -> list[TeamRun]:
    """The same runs, where two teams of one name are called after their runs.

    Raises :class:`NothingToCompare` where a run is given twice.
    """
    names = [run.team for run in runs]
    ids = [run.run or run.team for run in runs]
    for run_id in ids:
        if ids.count(run_id) > 1:
            raise NothingToCompare(f"{run_id!r} is given twice: give different runs", run=run_id)
    return [run._replace(team=run.run or run.team) if names.count(run.team) > 1 else run for run in runs]


def _team(run: ExperimentRun) -> str:
    """Its name in the experiment; of an experiment with one team, the experiment's."""
    return str(run.environment.get("team") or run.summary.get("team") or run.name)


def _pattern(graph: dict[str, Any]) -> str:
    """Of a team that is only a shell around another one, the inner one's."""
    pattern, members = str(graph.get("pattern") or ""), graph.get("members")
    if pattern == SINGLE and isinstance(members, dict):
        inner = [member["pattern"] for member in members.values() if "pattern" in member]
        return str(inner[0]) if inner else pattern
    return pattern


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None
