"""Scores of answers: each is given once, for judging may be slow or cost something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from itertools import islice
from typing import Any

from shoal.experiments.result import Result
from shoal.experiments.scoring.errors import ScorerFailed
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.task import Task

AT_ONCE = 64
"""So many answers are judged side by side."""


class Scores:
    """Of one run: what was judged before is known. A scorer that fails leaves its answer without a score."""

    def __init__(self, scorer: Scorer | None) -> None:
        self._scorer = scorer
        self._known: dict[str, Judged] = {}
        self._doing: list[asyncio.Task[str]] = []
        self._over = False
        self.open: set[str] = set()
        """Tasks whose answers were asked about in vain: they are not judged yet."""

    @property
    def judging(self) -> bool:
        """Whether anything is judged."""
        return self._scorer is not None

    @property
    def takes_time(self) -> bool:
        """Whether :meth:`judge` has to go before :meth:`of`."""
        return self._scorer is not None and not self._scorer.at_once

    def remember(self, results: Iterable[Result]) -> None:
        """Take over what an earlier session wrote down."""
        for result in results:
            if result.output is not None and result.ended_at is not None and result.score is not None:
                self._known[result.task] = Judged(result.score)

    def knows(self, task: Task) -> bool:
        """Whether its answer was judged."""
        return task.task in self._known

    async def judge(self, answers: Iterable[tuple[Any, Task]]) -> AsyncGenerator[list[str], None]:
        """Judge these answers side by side, so that :meth:`of` knows them. Gives the tasks as they are judged.

        Once :meth:`give_up` was called, the rest is left out.
        """
        new = iter(answers)
        doing: set[asyncio.Task[str]] = set()
        try:
            while not self._over:
                doing |= {self._begun(*answer) for answer in islice(new, AT_ONCE - len(doing))}
                if not doing:
                    return
                done, doing = await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
                self._doing = [one for one in self._doing if one not in done]
                yield [one.result() for one in done if not one.cancelled()]
        finally:
            self._cut()
            await asyncio.gather(*doing, return_exceptions=True)

    def give_up(self) -> None:
        """Judge nothing more that takes time: what is not judged stays open."""
        self._over = True
        self._cut()

    def of(self, output: Any, task: Task) -> Judged:
        """The score of a task's answer. Any thread may ask."""
        known = self._known.get(task.task)
        if known is None and self.takes_time:
            self.open.add(task.task)
            return Judged(None, "it is not judged yet")
        if known is None:
            known = self._known[task.task] = self._judged(output, task)
        return known

    def _begun(self, output: Any, task: Task) -> asyncio.Task[str]:
        async def judged() -> str:
            if self._scorer is not None and task.task not in self._known:
                self._known[task.task] = await self._scorer.judge(output, task)
                self.open.discard(task.task)
            return task.task

        begun = asyncio.ensure_future(judged())
        self._doing.append(begun)
        return begun

    def _cut(self) -> None:
        """The last first: else, of functions that are called one after the other, each would begin once more."""
        for one in reversed(self._doing):
            one.cancel()
        self._doing.clear()

    def _judged(self, output: Any, task: Task) -> Judged:
        if self._scorer is None:
            return Judged(None)
        try:
            return Judged(self._scorer.score(output, task))
        except ScorerFailed as exc:
            return Judged(None, str(exc), failed=True)
