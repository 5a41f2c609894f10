"""Reads the failures of a run: its ledger, journal, recorded calls, and an experiment's results."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.actors.llm.spending import calls_of
from shoal.experiments.explaining.failures import Failures, Outcome, group_failures
from shoal.experiments.explaining.gathering import all_tasks
from shoal.experiments.explaining.troubles import Troubles
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.layout import EXPERIMENT_FILE
from shoal.experiments.result import Result, State
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.terminal.data import data_of

_MOST_EVENTS = 1_000_000
_EVENTS = (DEAD_LETTER, "restarting", "gave_up", "start_failed", "late_result")


def read_failures(reader: RunReader) -> Failures:
    """The failures of a run, from its ledger, journal, recorded calls and results. Raises ``StoreError``."""
    troubles = Troubles()
    outcomes = list(_outcomes(reader, troubles))
    begun = {outcome.task for outcome in outcomes}
    for result in _results(reader):
        if result.task not in begun:
            if result.state is not State.DONE:
                outcomes.append(Outcome(result.task, result.state.value, result.error, result.error_text))
        elif result.state is State.DONE and result.score is not None and result.score <= 0:
            troubles.add("judged wrong", result.task)
    troubles.of_messages(reader.iter_messages())
    troubles.of_spans(reader.iter_spans())
    troubles.of_calls(calls_of(reader.path))
    for kind in _EVENTS:
        troubles.of_events(reader.events(kind=kind, limit=_MOST_EVENTS))
    return group_failures(reader.manifest.run, outcomes, troubles.found())


def _outcomes(reader: RunReader, troubles: Troubles) -> Iterator[Outcome]:
    for entry in all_tasks(reader):
        if entry.result:
            troubles.of_answer(entry.task, data_of(entry.result))
        yield Outcome(entry.task, entry.state, entry.error, entry.error_text, entry.error_details)


def _results(reader: RunReader) -> Iterator[Result]:
    """What an experiment wrote down; of a run of another program, nothing."""
    if (reader.path / EXPERIMENT_FILE).exists():
        with ExperimentRun(reader.path) as experiment:
            yield from experiment.results()
