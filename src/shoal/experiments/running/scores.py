"""Scores of answers: each is given once, for judging may be slow or cost something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from shoal.experiments.result import Result
from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.task import Task


class Scores:
    """Of one run: what was judged before is known. A scorer that fails leaves its answer without a score."""

    def __init__(self, scorer: Scorer | None) -> None:
        self._scorer = scorer
        self._known: dict[str, Judged] = {}

    @property
    def judging(self) -> bool:
        """Whether anything is judged."""
        return self._scorer is not None

    def remember(self, results: Iterable[Result]) -> None:
        """Take over what an earlier session wrote down."""
        for result in results:
            if result.output is not None and result.ended_at is not None and result.score is not None:
                self._known[result.task] = Judged(result.score)

    async def judge(self, answers: Iterable[tuple[Any, Task]]) -> None:
        """Judge these answers side by side, so that :meth:`of` knows them."""
        new = [(output, task) for output, task in answers if task.task not in self._known]
        if self._scorer is not None and new:
            judged = await asyncio.gather(*(self._scorer.judge(output, task) for output, task in new))
            self._known.update((task.task, one) for (_, task), one in zip(new, judged, strict=True))

    def of(self, output: Any, task: Task) -> Judged:
        """The score of a task's answer; one that is not known is judged here and now. Any thread may ask."""
        known = self._known.get(task.task)
        if known is None:
            known = self._known[task.task] = self._judged(output, task)
        return known

    def _judged(self, output: Any, task: Task) -> Judged:
        if self._scorer is None:
            return Judged(None)
        try:
            return Judged(self._scorer.score(output, task))
        except ScorerFailed as exc:
            return Judged(None, str(exc), failed=True)
