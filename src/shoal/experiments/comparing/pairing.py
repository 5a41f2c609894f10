"""Which tasks of several runs are held against each other: those that all of them have, and ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from shoal.experiments.comparing.team_run import TeamRun
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.result import Result
from shoal.experiments.task import Task


class Paired(NamedTuple):
    """The tasks that are compared, and each team's results of them."""

    tasks: tuple[str, ...]
    """Their ids, in the first run's order."""
    cases: tuple[tuple[str, ...], ...]
    """The same, those of one case (its repeats) together."""
    results: tuple[dict[str, Result], ...]
    """Of each run in turn, by task id."""
    only_some: tuple[str, ...]
    """Ids of tasks that only some runs have."""
    not_ended: tuple[str, ...]
    """Ids of tasks that all have, and at least one did not come to."""


def pair(runs: Sequence[TeamRun]) -> Paired:
    """Pair the runs' results by task id.

    Raises :class:`NothingToCompare` as :func:`check_same`, and when no task was ended by all.
    """
    check_same(runs)
    first = runs[0]
    known = [{task.task for task in run.tasks} for run in runs]
    ended = [{result.task: result for result in run.results if result.ended} for run in runs]
    everywhere = set.intersection(*known)
    compared = [
        task for task in first.tasks if task.task in everywhere and all(task.task in each for each in ended)
    ]
    if not compared:
        raise _nothing_ended(runs, ended)
    kept = {task.task for task in compared}
    return Paired(
        tasks=tuple(task.task for task in compared),
        cases=_by_case(compared),
        results=tuple({task: result for task, result in each.items() if task in kept} for each in ended),
        only_some=tuple(sorted(set.union(*known) - everywhere)),
        not_ended=tuple(sorted(everywhere - kept)),
    )


def check_same(runs: Sequence[TeamRun]) -> None:
    """See that the runs, with or without results, are of the same work.

    Raises :class:`NothingToCompare` for fewer than two, for tasks of one id that ask different things or expect
    different answers, for different seeds or scorers, and for two that have no task in common.
    """
    if len(runs) < 2:
        raise NothingToCompare("one run alone cannot be compared: give two or more")
    first, *others = runs
    for other in others:
        _same_seed(first, other)
        _same_tasks(first, other)
        _same_scale(first, other)


def _by_case(tasks: Sequence[Task]) -> tuple[tuple[str, ...], ...]:
    cases: dict[str, list[str]] = {}
    for task in tasks:
        cases.setdefault(task.case, []).append(task.task)
    return tuple(tuple(ids) for ids in cases.values())


def _same_seed(one: TeamRun, other: TeamRun) -> None:
    if one.seed is not None and other.seed is not None and one.seed != other.seed:
        raise NothingToCompare(
            f"{_called(one)} ran with seed {one.seed} and {_called(other)} with seed {other.seed}: run both with the "
            "same (`--set seed=0`)",
            runs=[one.run, other.run],
        )


def _same_scale(one: TeamRun, other: TeamRun) -> None:
    if one.scale is not None and other.scale is not None and one.scale != other.scale:
        raise NothingToCompare(
            f"{_called(one)} is judged by {one.scale} and {_called(other)} by {other.scale}, so that their scores are "
            "not on one scale: run both with the same `score`",
            runs=[one.run, other.run],
        )


def _same_tasks(one: TeamRun, other: TeamRun) -> None:
    mine = {task.task: task for task in one.tasks}
    shared = 0
    for task in other.tasks:
        same = mine.get(task.task)
        if same is None:
            continue
        shared += 1
        for field in ("case", "input", "expected"):
            ours, theirs = getattr(same, field), getattr(task, field)
            if ours != theirs:
                raise NothingToCompare(
                    f"{_called(one)} and {_called(other)} were asked different things: in task {task.task!r} the "
                    f"{field} is {_short(ours)} and {_short(theirs)}",
                    task=task.task,
                    runs=[one.run, other.run],
                )
    if not shared:
        raise NothingToCompare(
            f"{_called(one)} ({len(one.tasks):,} tasks) and {_called(other)} ({len(other.tasks):,} tasks) have no "
            "task in common: runs are compared on the same workload",
            runs=[one.run, other.run],
        )


def _nothing_ended(runs: Sequence[TeamRun], ended: Sequence[dict[str, Result]]) -> NothingToCompare:
    fewest = min(range(len(runs)), key=lambda index: len(ended[index]))
    run = runs[fewest]
    return NothingToCompare(
        f"no task was ended by all {len(runs)} runs; {_called(run)} ended {len(ended[fewest]):,} of its "
        f"{len(run.tasks):,}" + (f": `shoal resume {run.run}` goes on with it" if run.run else ""),
        run=run.run,
    )


def _called(run: TeamRun) -> str:
    return f"run {run.run!r}" if run.run else f"team {run.team!r}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


_SHOWN = 60
