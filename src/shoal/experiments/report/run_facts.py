"""All that a report shows of one run, as data."""

from __future__ import annotations

from typing import Any, NamedTuple

from shoal.experiments.comparing.estimate import Estimate
from shoal.experiments.explaining.failures import Failures
from shoal.experiments.report.board_growth import Growth
from shoal.experiments.report.folded_trace import FoldedTrace
from shoal.experiments.report.lanes import Timeline
from shoal.experiments.report.staircase import Moment
from shoal.experiments.report.traffic import Traffic
from shoal.experiments.report.worst_tasks import Worst
from shoal.experiments.running.summary import Summary
from shoal.experiments.task import Task
from shoal.runtime.journal.reader import EventEntry


class WorstTask(NamedTuple):
    """A task that is worth a look."""

    worst: Worst
    task: Task | None
    """What was asked; ``None``: the tasks' file does not have it."""
    trace: FoldedTrace | None
    """``None``: it was never begun."""


class Upset(NamedTuple):
    """A death, a restart or a dead letter."""

    after_s: float
    """Seconds of work since the run began."""
    event: EventEntry


class RunFacts(NamedTuple):
    """A run, read."""

    run: str
    experiment: str
    team: str
    """Of several teams which one; else empty."""
    description: str
    status: str
    """``running``, ``interrupted``, ``finished`` or ``empty``."""
    created_at: float
    last_at: float | None
    spec: dict[str, Any]
    environment: dict[str, Any]
    graph: dict[str, Any]
    """The team's; empty when it was never built."""
    summary: Summary
    ended: int
    """Tasks that have ended: what a budget cut off is failed for now, and has not."""
    score: Estimate | None
    journals_messages: bool
    dropped: int
    """Messages that were not journaled because the recorder was behind."""
    latencies: tuple[float, ...]
    """Seconds, of tasks with an answer, sorted."""
    costs: tuple[float, ...]
    """US dollars a task that has ended, sorted; tokens where there are no dollars."""
    traffic: Traffic
    timeline: Timeline
    spending: tuple[Moment, ...]
    """Seconds of work, tokens and US dollars until then."""
    happenings: tuple[Upset, ...]
    """The first of them."""
    happenings_total: int
    failures: Failures
    boards: tuple[Growth, ...]
    worst: tuple[WorstTask, ...]
