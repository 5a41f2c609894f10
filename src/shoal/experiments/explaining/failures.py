"""Failures of a run grouped by cause: tasks that failed, came back in part or were never begun. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause
from shoal.experiments.explaining.causes.table import cause_of, innermost
from shoal.experiments.explaining.troubles import Trouble

EXAMPLES = 3
_NOT_STARTED = "not_started"
_UNTOUCHED = Cause(
    Category.LIMITS,
    "",
    "The budget was used up, or the run was stopped, before the task was begun.",
    "Go on with the run (`shoal resume`), with a larger budget where that was it.",
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


class Failures(NamedTuple):
    """What did not go well in a run."""

    run: str
    tasks: int
    states: dict[str, int]
    groups: tuple[Group, ...]
    """Tasks that did not end well, the largest group first."""
    troubles: tuple[Trouble, ...]
    """What went wrong on the way, also of tasks that ended well; the most frequent first."""

    @property
    def by_category(self) -> dict[Category, int]:
        """Tasks that did not end well by category, all of those in the order of :class:`Category`."""
        counts = dict.fromkeys(Category, 0)
        for group in self.groups:
            counts[group.cause.category] += group.times
        return counts


def group_failures(run: str, outcomes: Iterable[Outcome], troubles: Iterable[Trouble] = ()) -> Failures:
    """Put the tasks that did not end well together by error."""
    states: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    tasks: dict[tuple[str, str], list[str]] = {}
    texts: dict[tuple[str, str], dict[str, None]] = {}
    total = 0
    for outcome in outcomes:
        total += 1
        states[outcome.state] = states.get(outcome.state, 0) + 1
        if outcome.state == "done":
            continue
        key = outcome.state, innermost(outcome.error, outcome.text, outcome.details)
        counts[key] = counts.get(key, 0) + 1
        if len(some := tasks.setdefault(key, [])) < EXAMPLES:
            some.append(outcome.task)
        said = texts.setdefault(key, {})
        if outcome.text and len(said) < EXAMPLES:
            said[outcome.text.strip().partition("\n")[0]] = None
    groups = [
        Group(
            error, state, _cause(state, error), count, tuple(tasks[state, error]), tuple(texts[state, error])
        )
        for (state, error), count in counts.items()
    ]
    groups.sort(key=lambda group: (-group.times, group.error))
    return Failures(run, total, states, tuple(groups), tuple(troubles))


def _cause(state: str, error: str) -> Cause:
    if error:
        return cause_of(error)
    return {_NOT_STARTED: _UNTOUCHED, "partial": _INCOMPLETE, "submitted": _LEFT_OPEN}.get(state, UNKNOWN)
