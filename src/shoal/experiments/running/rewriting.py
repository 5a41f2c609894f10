"""Results and summary of a run, written anew from its ledger, recorded model calls and journaled messages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.actors.llm.books import settle_books
from shoal.actors.llm.spending import calls_of
from shoal.experiments.layout import RESULTS_FILE, SUMMARY_FILE
from shoal.experiments.result import Result, State
from shoal.experiments.running.attribution import Cost, costs_of, trails_of
from shoal.experiments.running.files import write_json, write_lines
from shoal.experiments.running.resulting import Recorded, results_of
from shoal.experiments.running.scores import Scores
from shoal.experiments.running.sessions import Sessions
from shoal.experiments.running.summary import Circumstances, Summary, Totals
from shoal.experiments.task import Task
from shoal.models.money import NANO
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_lock import RunLock

_ALL = 2**62
_log = logging.getLogger("shoal.experiments")


class Names(NamedTuple):
    """What a run is called in its summary."""

    run: str
    experiment: str
    team: str = ""


def rewrite(
    path: Path,
    tasks: Iterable[Task],
    scores: Scores,
    names: Names,
    state_store: str = "",
    *,
    out_of_budget: bool = False,
) -> Summary:
    """Write ``results.jsonl`` and ``summary.json`` of the run in this directory, which nobody runs now.

    ``out_of_budget``: whether that is why tasks were not begun, also where none was left open for it.

    Nobody can go on with it meanwhile. Raises ``RunInUse`` when somebody does.

    Memory is needed for the costs and ways of the tasks, not for their answers. Raises :class:`StoreError`, and what
    the scorer raises; nothing changes then.
    """
    # Before the lock is taken: a run that somebody has may have calls under way, which are not lost ones.
    for difference in settle_books(path, state_store=state_store).differences:
        _log.warning("the books of %s differ: %s", names.run, difference)
    costs = costs_of(calls_of(path, state_store))
    lock = RunLock(path)
    try:
        return _rewrite(path, tasks, scores, names, costs, out_of_budget=out_of_budget)
    finally:
        lock.release()


def _rewrite(
    path: Path,
    tasks: Iterable[Task],
    scores: Scores,
    names: Names,
    costs: dict[str, Cost],
    *,
    out_of_budget: bool,
) -> Summary:
    with RunReader(path) as reader:
        sessions = Sessions(reader.events(limit=_ALL))
        recorded = Recorded(
            reader.task,
            costs,
            trails_of(reader.iter_messages()),
            sessions.left_open,
            out_of_budget=out_of_budget or bool(sessions.left_open),
        )
        totals = Totals(judging=scores.judging)
        judge = scores.of if scores.judging else None
        left = dict(costs)
        write_lines(path / RESULTS_FILE, _counted(results_of(tasks, recorded, judge), totals, sessions, left))
    summary = totals.summary(
        Circumstances(
            run=names.run, experiment=names.experiment, team=names.team, wall_s=sessions.wall_s,
            work_s=sessions.work_s, unjudged=len(scores.open),
            sessions=sessions.count, restarts=sessions.restarts, dead_letters=sessions.dead_letters,
            outside_calls=sum(cost.calls for cost in left.values()),
            outside_tokens=sum(cost.input_tokens + cost.output_tokens for cost in left.values()),
            outside_usd=sum(cost.nano_usd for cost in left.values()) / NANO,
        )
    )  # fmt: skip
    write_json(path / SUMMARY_FILE, summary.model_dump(mode="json"))
    return summary


def rewrite_ended(
    path: Path, tasks: Iterable[Task], scores: Scores, *, without_failed: bool = False, state_store: str = ""
) -> dict[str, State]:
    """Write only the tasks that have ended, in their order: what a session that goes on appends to. Says which."""
    ended: dict[str, State] = {}

    def kept(results: Iterable[Result]) -> Iterator[Result]:
        for result in results:
            if result.ended_at is not None and not (without_failed and result.state is State.FAILED):
                ended[result.task] = result.state
                yield result

    with RunReader(path) as reader:
        recorded = Recorded(
            reader.task, costs_of(calls_of(path, state_store)), trails_of(reader.iter_messages())
        )
        judge = scores.of if scores.judging else None
        write_lines(path / RESULTS_FILE, kept(results_of(tasks, recorded, judge)))
    return ended


def _counted(
    results: Iterable[Result], totals: Totals, sessions: Sessions, left: dict[str, Cost]
) -> Iterator[Result]:
    for result in results:
        totals.add(result)
        left.pop(result.task, None)
        sessions.task(result.submitted_at, result.ended_at)
        yield result
