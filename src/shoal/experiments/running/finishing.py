"""A run in which nothing is left to do: its results are put together, where they are not."""

from __future__ import annotations

from shoal.experiments.layout import ENVIRONMENT_FILE
from shoal.experiments.running.files import write_json
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.rewriting import Names, rewrite
from shoal.experiments.running.run_files import remember_scores
from shoal.experiments.running.scores import Scores
from shoal.runtime.journal.ledger import TaskState
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_lock import RunLock


def finish_complete(plan: Plan) -> Outcome | None:
    """What the run came to, if every task of it has ended; ``None``: something is left to do.

    Results are written anew: the program may have been killed before it did so. Raises ``RunInUse``, ``StoreError``.
    """
    RunLock(plan.path).release()
    if _is_open(plan):
        return None
    scores = Scores(plan.scorer)
    write_json(plan.path / ENVIRONMENT_FILE, plan.environment.model_dump(mode="json"))
    remember_scores(plan, plan.path, scores)
    names = Names(plan.run, plan.experiment.name, plan.environment.team)
    summary = rewrite(plan.path, plan.tasks, scores, names, plan.state_store)
    return Outcome(plan.run, plan.path, Ending.COMPLETE, summary)


def _is_open(plan: Plan) -> bool:
    with RunReader(plan.path) as reader:
        counts = reader.summary().counts
    left = len(plan.tasks) - (sum(counts.values()) - counts[TaskState.SUBMITTED])
    return left > 0 or (plan.retry_failed and counts[TaskState.FAILED] > 0)
