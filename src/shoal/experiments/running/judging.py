"""Judging what has an answer and no score yet, before results are put together: until somebody stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from shoal.experiments.running.progress import Progress
from shoal.experiments.running.resulting import output_of
from shoal.experiments.running.scores import Scores
from shoal.experiments.running.stop import Stop
from shoal.experiments.task import Task
from shoal.runtime.journal.reader import RunReader


async def judge_left(
    path: Path, tasks: Iterable[Task], scores: Scores, stop: Stop, progress: Progress
) -> None:
    """Judge them side by side, as in a run; those that a stop leaves stay open. Raises :class:`StoreError`."""
    if not scores.takes_time or stop.asked:
        return
    stopped = asyncio.ensure_future(stop.wait())
    stopped.add_done_callback(lambda _: scores.give_up() if stop.asked else None)
    try:
        with RunReader(path) as reader:
            async with aclosing(scores.judge(_answers(reader, tasks, scores))) as done:
                progress.note = "judging answers"
                async for some in done:
                    progress.judged += len(some)
    finally:
        stopped.cancel()


def _answers(reader: RunReader, tasks: Iterable[Task], scores: Scores) -> Iterator[tuple[Any, Task]]:
    for task in tasks:
        entry = None if scores.knows(task) else reader.task(task.task)
        if entry is not None and entry.result_tag:
            yield output_of(entry), task
