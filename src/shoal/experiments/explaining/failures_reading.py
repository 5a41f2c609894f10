"""Reads the failures of a run: its ledger, journal, recorded calls, and an experiment's results."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.actors.llm.spending import calls_of
from shoal.experiments.explaining.failures import (
    NOT_STARTED,
    OPEN,
    PARTIAL,
    Failures,
    Outcome,
    group_failures,
)
from shoal.experiments.explaining.gathering import all_tasks
from shoal.experiments.explaining.troubles import Troubles
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.layout import EXPERIMENT_FILE
from shoal.experiments.result import Result, State
from shoal.experiments.running.partial import is_partial
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.ledger import TaskState
from shoal.runtime.journal.reader import RUNNING, RunReader
from shoal.runtime.terminal.data import data_of

_MOST_EVENTS = 1_000_000
_EVENTS = (DEAD_LETTER, "restarting", "gave_up", "start_failed", "late_result")


def read_failures(reader: RunReader) -> Failures:
    """The failures of a run, from its ledger, journal, recorded calls and results. Raises ``StoreError``.

    Of a run that goes on, what has no end yet is no failure. Tasks of a killed one about which nothing was written down
    are taken from the list of what was to be done.
    """
    troubles = Troubles()
    running = reader.summary().status == RUNNING
    outcomes = {outcome.task: outcome for outcome in _outcomes(reader, troubles)}
    if (reader.path / EXPERIMENT_FILE).exists():
        with ExperimentRun(reader.path) as experiment:
            for result in experiment.results():
                _take(result, outcomes, troubles, running=running)
            for task in experiment.tasks():
                if task.task not in outcomes:
                    outcomes[task.task] = Outcome(task.task, NOT_STARTED, written=False)
    troubles.of_messages(reader.iter_messages())
    troubles.of_spans(reader.iter_spans())
    troubles.of_calls(calls_of(reader.path))
    for kind in _EVENTS:
        troubles.of_events(reader.events(kind=kind, limit=_MOST_EVENTS))
    return group_failures(reader.manifest.run, outcomes.values(), troubles.found(), running=running)


def _outcomes(reader: RunReader, troubles: Troubles) -> Iterator[Outcome]:
    for entry in all_tasks(reader):
        state = entry.state
        if entry.result:
            answer = data_of(entry.result)
            troubles.of_answer(entry.task, answer)
            state = PARTIAL if state == TaskState.DONE and is_partial(answer) else state
        yield Outcome(entry.task, state, entry.error, entry.error_text, entry.error_details)


def _take(result: Result, outcomes: dict[str, Outcome], troubles: Troubles, *, running: bool) -> None:
    """What an experiment wrote down of a task, beside what the ledger has: of one that it left open, why."""
    known = outcomes.get(result.task)
    if known is None or (known.state == OPEN and result.error and not running):
        outcomes[result.task] = Outcome(result.task, result.state.value, result.error, result.error_text)
    elif result.state is State.DONE and result.score is not None and result.score <= 0:
        troubles.add("judged wrong", result.task)
    if result.scorer_failed:
        troubles.add("scorer failed", result.task, result.error_text.removeprefix(f"task {result.task}: "))
