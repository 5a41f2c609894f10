"""What is there already under the name of a run that is to be made: a comparison goes on where it was left."""

from __future__ import annotations

from enum import Enum

from shoal.experiments.errors import NotAnExperiment, Problem, bad_experiment
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.differences import difference
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.unbegun import is_unbegun
from shoal.runtime.journal.errors import RunInUse
from shoal.runtime.journal.reader import FINISHED
from shoal.runtime.journal.run_lock import Holder, holder_of


class There(Enum):
    """What became of a run."""

    NOTHING = "nothing"
    """There is none of this name, or one that ended before it began, which is begun now."""
    FINISHED = "finished"
    """It is complete: its results are read."""
    OPEN = "open"
    """It was interrupted, or its budget was used up: it is gone on with."""


def what_is_there(plan: Plan) -> There:
    """What there is under the plan's name.

    Raises :class:`BadExperiment` when that is another experiment's or of other tasks, ``RunInUse`` when a program has
    it, :class:`StoreError`.
    """
    if not plan.path.exists():
        return There.NOTHING
    try:
        run = ExperimentRun(plan.path)
    except NotAnExperiment:
        if (holder := holder_of(plan.path)) is not None:
            raise _in_use(plan, holder) from None
        if is_unbegun(plan.path):
            return There.NOTHING
        raise _not_ours(plan, "it was made by another program") from None
    with run:
        summary = run.reader.summary()
        if summary.holder is not None:
            raise _in_use(plan, summary.holder)
        if differing := difference(plan, run):
            raise _not_ours(plan, differing)
        done = summary.status == FINISHED and run.summary.get("complete") is True
    return There.FINISHED if done else There.OPEN


def _in_use(plan: Plan, holder: Holder) -> RunInUse:
    return RunInUse(
        f"{plan.run} is running (process {holder.pid} has it): wait for it, or end it", run=plan.run
    )


def _not_ours(plan: Plan, why: str) -> Exception:
    remedy = "run anew beside it with --fresh, or give the experiment another name"
    return bad_experiment([Problem(f"there is a run {plan.run!r} already, and {why}", remedy=remedy)])
