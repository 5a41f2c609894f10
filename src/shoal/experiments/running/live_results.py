"""Results as they come: a line for each task that has ended, judged and written beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from shoal.experiments.layout import RESULTS_FILE
from shoal.experiments.result import Result
from shoal.experiments.running.files import Lines
from shoal.experiments.running.resulting import Recorded, output_of, results_of
from shoal.experiments.running.scores import AT_ONCE, Scores
from shoal.experiments.task import Task
from shoal.runtime.journal.reader import RunReader


class LiveResults:
    """Of one session. Costs and ways through the team are not in these lines: they are put together at the end."""

    def __init__(
        self, path: Path, tasks: Mapping[str, Task], scores: Scores, told: Callable[[Result], None]
    ) -> None:
        """``told`` gets each result once its line is written, in the event loop. Raises :class:`StoreError`."""
        self._tasks = tasks
        self._scores = scores
        self._told = told
        self._lines = Lines(path / RESULTS_FILE)
        self._reader = RunReader(path)
        self._ended: list[str] = []
        self._writing: asyncio.Task[None] | None = None

    def put(self, task: str) -> None:
        """A task has ended. Raises what kept earlier ones from being judged or written."""
        self._ended.append(task)
        if self._writing is not None and self._writing.done():
            self._writing.result()
            self._writing = None
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())

    async def finish(self) -> None:
        """Wait until all are written. Raises what kept them from it."""
        while self._writing is not None or self._ended:
            if self._writing is None:
                self._writing = asyncio.ensure_future(self._write())
            await asyncio.shield(
                self._writing
            )  # who is cut off here closes it, which waits for what is written
            self._writing = None

    async def close(self) -> None:
        """Let go of the files. What is not judged or written is put together at the end."""
        self._ended.clear()
        if self._writing is not None and not self._writing.done():
            self._scores.give_up()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await asyncio.to_thread(self._reader.close)
        self._lines.close()

    async def _write(self) -> None:
        while self._ended:
            batch, self._ended = self._ended[:AT_ONCE], self._ended[AT_ONCE:]
            async for tasks in self._judged(batch):
                for result in await asyncio.to_thread(self._write_batch, tasks):
                    self._told(result)

    async def _judged(self, batch: list[str]) -> AsyncIterator[list[str]]:
        """The tasks as they can be written: what has to be waited for is judged before."""
        if not self._scores.takes_time:
            yield batch
            return
        answers = await asyncio.to_thread(self._answers, batch)
        judged = {task.task for _, task in answers}
        yield [task for task in batch if task not in judged]
        async for tasks in self._scores.judge(answers):
            yield tasks

    def _answers(self, batch: list[str]) -> list[tuple[Any, Task]]:
        entries = filter(None, map(self._reader.task, batch))
        return [(output_of(entry), self._tasks[entry.task]) for entry in entries if entry.result_tag]

    def _write_batch(self, batch: list[str]) -> list[Result]:
        tasks = (self._tasks[task] for task in batch)
        judge = self._scores.of if self._scores.judging else None
        results = []
        for result in results_of(tasks, Recorded(self._reader.task), judge):
            self._lines.add(result)
            results.append(result)
        return results
