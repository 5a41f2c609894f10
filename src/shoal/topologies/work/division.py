"""The subtasks of one task while they are done: side by side, each as soon as what it needs is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shoal.runtime.side_by_side import side_by_side
from shoal.topologies.work.schedule import Job, Schedule
from shoal.topologies.work.subtasks import Part

Do = Callable[[Part, Any], Awaitable[Any]]
"""Has a subtask done, given its message."""


class Work:
    """One task's subtasks. ``goes_on``: whether one that fails leaves the others be; else they are cancelled."""

    def __init__(self, parts: Mapping[str, Part], parallel: int, goes_on: bool) -> None:
        self._parts = parts
        self._goes_on = goes_on
        jobs = [Job(part.id, part.needs, part.priority) for part in parts.values()]
        self._schedule = Schedule(jobs, parallel)
        self._answers: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

    @property
    def answers(self) -> dict[str, Any]:
        """By id, in the subtasks' order and not in that of their ends."""
        return {one: self._answers[one] for one in self._parts if one in self._answers}

    @property
    def failed(self) -> dict[str, str]:
        """Why, by id, in the subtasks' order."""
        return {one: self._failed[one] for one in self._parts if one in self._failed}

    async def run(self, do: Do, cut_s: float | None) -> None:
        """Do them all; those that are not done after ``cut_s`` are cancelled, and failed. Raises the first failure,
        unless the work goes on."""
        try:
            async with asyncio.timeout(cut_s) as limit, side_by_side() as group:
                self._begin(group, do)
        except TimeoutError:
            if not limit.expired():
                raise  # a part's own
            for one in self._parts.keys() - self._answers.keys():
                self._failed.setdefault(one, f"not done within {cut_s:.3g} s")
        for one, cause in self._schedule.skipped.items():
            self._failed[one] = f"skipped: it needs {cause!r}, which failed"

    def _begin(self, group: asyncio.TaskGroup, do: Do) -> None:
        while (following := self._schedule.take()) is not None:
            group.create_task(self._one(self._parts[following], group, do))

    async def _one(self, part: Part, group: asyncio.TaskGroup, do: Do) -> None:
        try:
            self._answers[part.id] = await do(part, part.given(self._answers))
        except Exception as error:
            if not self._goes_on:
                raise
            self._failed[part.id] = str(error) or type(error).__name__
            self._schedule.failed(part.id)
        else:
            self._schedule.done(part.id)
        self._begin(group, do)
