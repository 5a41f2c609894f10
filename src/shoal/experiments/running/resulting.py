"""The results of a run from what was recorded of it. Pure; one task is looked at at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgpack
from pydantic_core import to_jsonable_python

from shoal.experiments.result import SCORER_FAILED, Result, State
from shoal.experiments.running.attribution import NO_COST, NO_TRAIL, Cost, Trail
from shoal.experiments.running.partial import is_partial
from shoal.experiments.scoring.scorer import Judged
from shoal.experiments.task import Task
from shoal.models.errors import BudgetExceeded
from shoal.runtime.journal.ledger import TaskEntry, TaskState

STOPPED = "the run was stopped before it was begun"
CUT = "the run was stopped while it was under way"
OUT_OF_BUDGET = "the run's budget was used up before it was begun"

Judge = Callable[[Any, Task], Judged]
"""Judges an answer, given as JSON."""


class Recorded(NamedTuple):
    """What a run has on record."""

    entry_of: Callable[[str], TaskEntry | None]
    """The ledger, by a task's id."""
    costs: Mapping[str, Cost] = {}
    trails: Mapping[str, Trail] = {}
    ran_out: Mapping[str, str] = {}
    """Tasks that the run's budget kept from their end, and the text of that error."""
    out_of_budget: bool = False
    """Whether that is why tasks were not begun."""


def results_of(tasks: Iterable[Task], recorded: Recorded, judge: Judge | None = None) -> Iterator[Result]:
    """One result for each task, in the tasks' order. One whose scorer failed has no score, and says so."""
    for task in tasks:
        entry = recorded.entry_of(task.task)
        if entry is None:
            yield _not_begun(task, recorded)
        else:
            yield _result(task, entry, recorded, judge)


def _not_begun(task: Task, recorded: Recorded) -> Result:
    why = OUT_OF_BUDGET if recorded.out_of_budget else STOPPED
    error = BudgetExceeded.__name__ if recorded.out_of_budget else ""
    return Result(**_named(task), state=State.NOT_STARTED, error=error, error_text=why)


def _result(task: Task, entry: TaskEntry, recorded: Recorded, judge: Judge | None) -> Result:
    cost, trail = recorded.costs.get(task.task, NO_COST), recorded.trails.get(task.task, NO_TRAIL)
    output = output_of(entry)
    state, error, text = _end(entry, output, cost, recorded)
    judged = _judged(task, state, output, judge)
    if judged.failed:
        error, text = error or SCORER_FAILED, text or judged.why
    return Result(
        **_named(task),
        state=state,
        output=output,
        output_type=entry.result_tag,
        score=judged.score,
        error=error,
        error_text=text,
        attempts=entry.attempts,
        calls=cost.calls,
        input_tokens=cost.input_tokens,
        output_tokens=cost.output_tokens,
        usd=cost.usd,
        priced=cost.priced,
        submitted_at=entry.submitted_at,
        ended_at=entry.ended_at,
        took_s=None if entry.ended_at is None else max(0.0, entry.ended_at - entry.submitted_at),
        path=trail.path,
        messages=trail.messages,
    )


def _named(task: Task) -> dict[str, Any]:
    return {"task": task.task, "case": task.case, "repeat": task.repeat, "expected": task.expected}


def _end(entry: TaskEntry, output: Any, cost: Cost, recorded: Recorded) -> tuple[State, str, str]:
    """State, the error's class and its text."""
    match entry.state:
        case TaskState.DONE:
            return (State.PARTIAL if is_partial(output) else State.DONE), "", ""
        case TaskState.PARTIAL:
            return State.PARTIAL, error_name(entry), entry.error_text
        case TaskState.SUBMITTED:
            return _open_end(entry, cost, recorded)
        case _:
            return State.FAILED, error_name(entry), entry.error_text or f"it was {entry.state}"


def _open_end(entry: TaskEntry, cost: Cost, recorded: Recorded) -> tuple[State, str, str]:
    text = recorded.ran_out.get(entry.task)
    if text is None:
        return State.NOT_STARTED, "", CUT
    return (State.NOT_STARTED if cost.nothing else State.FAILED), BudgetExceeded.__name__, text


def _judged(task: Task, state: State, output: Any, judge: Judge | None) -> Judged:
    if judge is None or state is State.NOT_STARTED:
        return Judged(None)
    return Judged(0.0) if state is State.FAILED else judge(output, task)


def output_of(entry: TaskEntry) -> Any:
    """A task's answer as JSON; its model's class is not needed. ``None`` when there is none."""
    if not entry.result_tag:
        return None
    value = msgpack.unpackb(entry.result, strict_map_key=False)
    return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="null")


def error_name(entry: TaskEntry) -> str:
    """The class of what went wrong: where a handler raised, of what it raised."""
    try:
        raised = json.loads(entry.error_details).get("type")
    except (ValueError, AttributeError):
        raised = None
    return str(raised).rpartition(".")[2] if raised else entry.error
