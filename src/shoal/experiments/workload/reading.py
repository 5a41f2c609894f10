"""The workload as tasks: read, checked, drawn and repeated, before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from shoal.experiments.errors import Problem, bad_workload
from shoal.experiments.task import Task, task_id
from shoal.experiments.workload.cases import Case, cases_of
from shoal.experiments.workload.drawing import draw
from shoal.experiments.workload.sources import FIELD, Imports, read_rows
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.runtime.errors import ConfigError
from shoal.runtime.tasks import check_task

MOST_PROBLEMS = 100
"""So many are collected; whoever made the data has seen what is wrong with it by then."""
MOST_CASES = 5_000_000
"""A workload with more is taken for one that never ends."""


def read_tasks(spec: WorkloadSpec, folder: Path, imports: Imports, *, seed: int, repeats: int) -> list[Task]:
    """The tasks, in the workload's order: all cases once, then their second repeats, and so on.

    ``folder`` is where paths are relative to. Nothing that is wrong is left out in silence. Raises :class:`BadWorkload`
    with every problem found, up to 100, each with file and line; :class:`BadExperiment` for what cannot be imported.
    """
    problems: list[Problem] = []
    counted = _Counted(cases_of(read_rows(spec, folder, imports), spec), problems)
    cases = draw(counted, seed=seed, sample=spec.sample, shuffle=spec.shuffle, limit=spec.limit)
    if not problems:
        problems += _wrong_number(cases, counted.read, spec)
    tasks = _repeated(cases, repeats)
    if not problems and repeats > 1:
        problems += _bad_repeats(tasks)
    if problems:
        raise bad_workload(problems)
    return tasks


class _Counted:
    """The cases among what was found; the problems go where they are collected."""

    def __init__(self, found: Iterable[Case | Problem], problems: list[Problem]) -> None:
        self._found = found
        self._problems = problems
        self.read = 0

    def __iter__(self) -> Iterator[Case]:
        for one in self._found:
            if isinstance(one, Case):
                self.read += 1
                yield one
            else:
                self._problems.append(one)
            if self.read > MOST_CASES:
                what = f"there are more than {MOST_CASES:,} cases"
                self._problems.append(Problem(what, field=FIELD, remedy="set workload.limit"))
                return
            if len(self._problems) >= MOST_PROBLEMS:
                return


def _wrong_number(cases: list[Case], read: int, spec: WorkloadSpec) -> list[Problem]:
    if not cases:
        what = "no case is as workload.where asks for" if spec.where else "there is no case in it"
        return [Problem(what, field=FIELD)]
    if spec.sample is not None and read < spec.sample:
        what = f"{spec.sample:,} cases are to be drawn, and there are {read:,}"
        return [Problem(what, field="workload.sample")]
    return []


def _repeated(cases: list[Case], repeats: int) -> list[Task]:
    return [
        Task(
            task=task_id(case.id, repeat),
            case=case.id,
            repeat=repeat,
            input=case.input,
            expected=case.expected,
            source=case.source,
        )
        for repeat in range(1, repeats + 1)
        for case in cases
    ]


def _bad_repeats(tasks: list[Task]) -> list[Problem]:
    """Repeats whose ids are too long, or those of other cases."""
    problems: list[Problem] = []
    seen: dict[str, Task] = {}
    for task in tasks:
        other = seen.setdefault(task.task, task)
        try:
            check_task(task.task)
        except ConfigError as exc:
            problems.append(Problem(f"repeat {task.repeat}: {exc}", task.source))
        if other is not task:
            what = f"repeat {task.repeat} would have the id {task.task!r}, which is that of {other.source}"
            problems.append(Problem(what, task.source, remedy="give one of them another id"))
    return problems
