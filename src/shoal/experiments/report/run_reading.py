"""Reads from a run's directory what a report shows of it: messages, spans and calls one at a time.

What is kept in memory grows with the number of agents, of tasks (two figures each) and of model calls (three), and not
with messages or what is in them; while a trace is folded, all of that task's are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from shoal.actors.llm.spending import calls_of
from shoal.experiments.comparing.estimate import Estimate, mean_score
from shoal.experiments.explaining.failures_reading import read_failures
from shoal.experiments.explaining.gathering import run_events, task_facts
from shoal.experiments.explaining.node import whole
from shoal.experiments.explaining.trace import make_trace
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.report.board_growth import board_growth
from shoal.experiments.report.folded_trace import FoldedTrace, folded
from shoal.experiments.report.lanes import Lanes, Timeline
from shoal.experiments.report.run_facts import RunFacts, Upset, WorstTask
from shoal.experiments.report.staircase import Moment, Staircase
from shoal.experiments.report.traffic import Traffic
from shoal.experiments.report.working_time import WorkingTime, working_time
from shoal.experiments.report.worst_tasks import Worst, WorstTasks
from shoal.experiments.result import Result, State
from shoal.experiments.running.attribution import costs_of
from shoal.experiments.running.resulting import Recorded, results_of
from shoal.experiments.running.sessions import Sessions
from shoal.experiments.running.summary import Circumstances, Summary, Totals
from shoal.experiments.scoring.scorer import Judged
from shoal.models.money import NANO
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.reader import RUNNING, EventEntry, RunReader

HAPPENINGS = 500
"""Rows of the table of restarts and dead letters."""
_ALL = 2**62
_LETTERS = 1000
"""Dead letters of a trace."""
_UPSETS = frozenset({"exited", "restarting", "start_failed", "gave_up", "stop_unclean", DEAD_LETTER})


def read_run(run: ExperimentRun, buckets: int) -> RunFacts:
    """All of it. ``buckets``: into how many the time is cut, at most. Raises ``StoreError``."""
    reader = run.reader
    listed = reader.summary()
    events = reader.events(limit=_ALL)
    results, sessions = _counted(run, listed.status, events)
    clock = working_time(listed.created_at, events, results.ends)
    traffic, timeline = _watched(reader, events, Lanes(clock, buckets))
    upsets = [event for event in events if event.kind in _UPSETS]
    return RunFacts(
        run=run.id,
        experiment=run.name,
        team=str(run.environment.get("team") or run.summary.get("team") or ""),
        description=str(run.spec.get("description") or ""),
        status=listed.status,
        created_at=listed.created_at,
        last_at=listed.last_at,
        spec=run.spec,
        environment=run.environment,
        graph=run.team,
        summary=results.summary(run, sessions),
        ended=len(results.ends),
        score=results.score(),
        journals_messages=reader.manifest.settings.get("journal") == "messages",
        dropped=sum(whole(event.data.get("count")) for event in run_events(reader)[1]),
        latencies=tuple(sorted(results.latencies)),
        costs=tuple(sorted(results.costs())),
        traffic=traffic,
        timeline=timeline,
        spending=tuple(_spending(traffic, clock)),
        happenings=tuple(Upset(clock.of(event.at), event) for event in upsets[:HAPPENINGS]),
        happenings_total=len(upsets),
        failures=read_failures(reader),
        boards=tuple(board_growth(run.path, clock)),
        worst=tuple(_looked_at(run, results.worst.found())),
    )


class _Results:
    """Those that were written down at the end, or what is known while there is no end."""

    def __init__(self, run: ExperimentRun, status: str) -> None:
        self._run = run
        self._written = status != RUNNING and run.is_put_together()
        self._totals = Totals()
        self._cases: dict[str, list[float]] = {}
        self._money: list[tuple[float, int]] = []
        self.latencies: list[float] = []
        self.ends: list[float] = []
        self.worst = WorstTasks()

    def each(self) -> Iterator[Result]:
        """All of them: of a run without an end from its ledger, with the scores that were given so far."""
        if self._written:
            yield from self._run.results()
            return
        known = {result.task: result.score for result in self._run.results()}
        recorded = Recorded(self._run.reader.task, costs_of(calls_of(self._run.path)))
        yield from results_of(self._run.tasks(), recorded, lambda _, task: Judged(known.get(task.task)))

    def take(self, result: Result) -> None:
        """Count one."""
        self._totals.add(result)
        self.worst.add(result)
        if result.score is not None:
            self._cases.setdefault(result.case, []).append(result.score)
        if result.ended_at is not None:
            self.ends.append(result.ended_at)
            self._money.append((result.usd, result.tokens))
        if result.took_s is not None and result.state in (State.DONE, State.PARTIAL):
            self.latencies.append(result.took_s)

    def costs(self) -> list[float]:
        """Of each task that has ended: dollars, or tokens where no price is known."""
        dollars = any(usd for usd, _ in self._money)
        return [usd if dollars else float(tokens) for usd, tokens in self._money if tokens or usd]

    def score(self) -> Estimate | None:
        """The mean over cases, as a comparison has it."""
        means = [math.fsum(scores) / len(scores) for scores in self._cases.values()]
        return mean_score(means) if means else None

    def summary(self, run: ExperimentRun, sessions: Sessions) -> Summary:
        """The results in numbers."""
        return self._totals.summary(
            Circumstances(
                run=run.id,
                experiment=run.name,
                wall_s=sessions.wall_s,
                work_s=sessions.work_s,
                sessions=sessions.count,
                restarts=sessions.restarts,
                dead_letters=sessions.dead_letters,
            )
        )


def _counted(run: ExperimentRun, status: str, events: list[EventEntry]) -> tuple[_Results, Sessions]:
    results, sessions = _Results(run, status), Sessions(events)
    for result in results.each():
        results.take(result)
        sessions.task(result.submitted_at, result.ended_at)
    return results, sessions


def _watched(reader: RunReader, events: list[EventEntry], lanes: Lanes) -> tuple[Traffic, Timeline]:
    """Everything that was journaled, once through."""
    traffic = Traffic()
    for message in reader.iter_messages():
        traffic.message(message.sender, message.recipient)
        lanes.handled(message)
    for span in reader.iter_spans():
        lanes.called(span)
    for event in events:
        lanes.happened(event)
    for call in calls_of(reader.path):
        traffic.call(call)
    return traffic, lanes.timeline()


def _spending(traffic: Traffic, clock: WorkingTime) -> list[Moment]:
    steps, tokens, nano = Staircase(), 0, 0
    for at, more, cost in sorted(traffic.moments):
        tokens += more
        nano += cost
        steps.add((clock.of(at), float(tokens), nano / NANO))
    return steps.moments()


def _looked_at(run: ExperimentRun, worst: list[Worst]) -> Iterator[WorstTask]:
    """What was asked, and what happened."""
    wanted = {one.result.task for one in worst}
    asked = {task.task: task for task in run.tasks() if task.task in wanted}
    upsets, dropped = run_events(run.reader)
    for one in worst:
        name = one.result.task
        yield WorstTask(one, asked.get(name), _trace(run.reader, name, upsets, dropped))


def _trace(
    reader: RunReader, task: str, upsets: list[EventEntry], dropped: list[EventEntry]
) -> FoldedTrace | None:
    """All of it is read, and only what is shown of it is kept: without the last message, which is often the first that
    was sent, a trace has no root."""
    entry = reader.task(task)
    if entry is None:
        return None
    letters = reader.events(task=task, kind=DEAD_LETTER, limit=_LETTERS)
    facts = task_facts(reader, entry, dropped)
    return folded(make_trace(facts, reader.messages(task), reader.spans(task), [*letters, *upsets]))
