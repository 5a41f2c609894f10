"""Failures of a run grouped by cause: tasks that failed, came back in part or were never begun. Pure.

While the run goes on, a task that has no end yet is no failure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause
from shoal.experiments.explaining.causes.table import cause_of, innermost
from shoal.experiments.explaining.troubles import Trouble

EXAMPLES = 3
OPEN, NOT_STARTED, PARTIAL = "submitted", "not_started", "partial"
_UNENDED = frozenset({OPEN, NOT_STARTED})
_UNTOUCHED = Cause(
    Category.LIMITS,
    "",
    "The budget was used up, or the run was stopped, before the task was begun.",
    "Go on with the run (`shoal resume`), with a larger budget where that was it.",
)
_CUT_OFF = Cause(
    Category.INFRASTRUCTURE,
    "",
    "The run's program ended before the task was begun, and wrote nothing down about it.",
    "Go on with the run: `shoal resume`.",
)
_INCOMPLETE = Cause(
    Category.NOT_KNOWN,
    "",
    "The answer says itself that a part of it is missing.",
    "Look at what is missing and why: `shoal why`.",
)
_LEFT_OPEN = Cause(
    Category.INFRASTRUCTURE,
    "",
    "The task was begun and has not ended.",
    "Go on with the run: `shoal resume`.",
)


class Outcome(NamedTuple):
    """How a task ended, or not."""

    task: str
    state: str
    """``done``, ``failed``, ``partial``, ``abandoned``, ``submitted`` (open) or ``not_started``."""
    error: str = ""
    text: str = ""
    details: str = ""
    """JSON, as the ledger has them."""
    written: bool = True
    """Whether anything was written down of it; else it is known from the list of tasks alone."""


class Group(NamedTuple):
    """Tasks that did not end well in one way."""

    error: str
    """The innermost error's class; empty: there is none."""
    state: str
    cause: Cause
    times: int
    tasks: tuple[str, ...]
    """The first of them."""
    texts: tuple[str, ...]
    """The first lines of their errors, each once."""

    @property
    def name(self) -> str:
        """What it is called: the error, else the state."""
        return self.error or {OPEN: "open"}.get(self.state, self.state.replace("_", " "))


class Failures(NamedTuple):
    """What did not go well in a run."""

    run: str
    tasks: int
    states: dict[str, int]
    groups: tuple[Group, ...]
    """Tasks that did not end well, the largest group first."""
    troubles: tuple[Trouble, ...]
    """What went wrong on the way, also of tasks that ended well; the most frequent first."""
    running: bool = False
    """Whether a program works on the run: then tasks without an end are in ``states`` and in no group."""

    @property
    def by_category(self) -> dict[Category, int]:
        """Tasks that did not end well by category, all of those in the order of :class:`Category`."""
        counts = dict.fromkeys(Category, 0)
        for group in self.groups:
            counts[group.cause.category] += group.times
        return counts


class _Gathered:
    """Tasks that did not end well in one way."""

    def __init__(self) -> None:
        self.times = 0
        self.tasks: list[str] = []
        self.texts: dict[str, None] = {}

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.times += 1
        if len(self.tasks) < EXAMPLES:
            self.tasks.append(outcome.task)
        if outcome.text and len(self.texts) < EXAMPLES:
            self.texts[outcome.text.strip().partition("\n")[0]] = None


def group_failures(
    run: str, outcomes: Iterable[Outcome], troubles: Iterable[Trouble] = (), *, running: bool = False
) -> Failures:
    """Put the tasks that did not end well together by error. ``running``: as of :class:`Failures`."""
    states: dict[str, int] = {}
    gathered: dict[tuple[str, str, bool], _Gathered] = {}
    for outcome in outcomes:
        states[outcome.state] = states.get(outcome.state, 0) + 1
        if outcome.state == "done" or (running and outcome.state in _UNENDED):
            continue
        error = innermost(outcome.error, outcome.text, outcome.details)
        gathered.setdefault((outcome.state, error, outcome.written), _Gathered()).add(outcome)
    groups = [
        Group(
            error, state, _cause(state, error, written), found.times, tuple(found.tasks), tuple(found.texts)
        )
        for (state, error, written), found in gathered.items()
    ]
    groups.sort(key=lambda group: (-group.times, group.error))
    return Failures(run, sum(states.values()), states, tuple(groups), tuple(troubles), running)


def _cause(state: str, error: str, written: bool) -> Cause:
    if error:
        return cause_of(error)
    if not written:
        return _CUT_OFF
    return {NOT_STARTED: _UNTOUCHED, PARTIAL: _INCOMPLETE, OPEN: _LEFT_OPEN}.get(state, UNKNOWN)
