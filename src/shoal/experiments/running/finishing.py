"""A run in which nothing is left to do: its results are put together, where they are not."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from shoal.experiments.layout import ENVIRONMENT_FILE
from shoal.experiments.result import State
from shoal.experiments.running.display import Display, shown_by
from shoal.experiments.running.files import write_json
from shoal.experiments.running.judging import judge_left
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.progress import Progress
from shoal.experiments.running.rewriting import Names, rewrite
from shoal.experiments.running.run_files import remember_scores
from shoal.experiments.running.scores import Scores
from shoal.experiments.running.stop import Stop
from shoal.runtime.journal.ledger import TaskState
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.run_lock import RunLock


async def finish_complete(
    plan: Plan, *, stop: Stop | None = None, display: Display | None = None
) -> Outcome | None:
    """What the run came to, if every task of it has ended; ``None``: something is left to do.

    Answers that were not judged yet, or by another scorer, are judged, until somebody stops it. Results are written
    anew: the program may have been killed before it did so. Raises ``RunInUse``, ``StoreError``.
    """
    stop = stop or Stop()
    RunLock(plan.path).release()
    if _is_open(plan):
        return None
    scores = Scores(plan.scorer)
    write_json(plan.path / ENVIRONMENT_FILE, plan.environment.model_dump(mode="json"))
    remember_scores(plan, plan.path, scores)
    async with _shown(plan, display) as progress:
        await judge_left(plan.path, plan.tasks, scores, stop, progress)
        progress.note = "writing results"
        names = Names(plan.run, plan.experiment.name, plan.environment.team)
        summary = await asyncio.to_thread(rewrite, plan.path, plan.tasks, scores, names, plan.state_store)
    return Outcome(plan.run, plan.path, Ending.COMPLETE if summary.complete else Ending.STOPPED, summary)


@contextlib.asynccontextmanager
async def _shown(plan: Plan, display: Display | None) -> AsyncIterator[Progress]:
    progress = Progress(plan.run, len(plan.tasks), time.monotonic())
    with RunReader(plan.path) as reader:
        ended = reader.summary().counts
    for state in (State.DONE, State.PARTIAL, State.FAILED):
        for _ in range(ended.get(state, 0)):
            progress.ended(state, time.monotonic(), recorded=True)
    async with shown_by(display, progress):
        yield progress


def _is_open(plan: Plan) -> bool:
    with RunReader(plan.path) as reader:
        counts = reader.summary().counts
    left = len(plan.tasks) - (sum(counts.values()) - counts[TaskState.SUBMITTED])
    return left > 0 or (plan.retry_failed and counts[TaskState.FAILED] > 0)
