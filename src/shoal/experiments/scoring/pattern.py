"""A pattern is found in the answer.

A pattern such as ``(a+)+$`` can take longer than anybody waits. So it is searched by a process that can be ended.
"""

from __future__ import annotations

import re
from typing import Any

from shoal.experiments.scoring.exact import Exact
from shoal.experiments.scoring.matcher import Matcher
from shoal.experiments.scoring.one_at_a_time import OneAtATime
from shoal.experiments.scoring.scorer import Judged, Scorer
from shoal.experiments.scoring.spec import ExactSpec, RegexSpec
from shoal.experiments.scoring.text import text_of
from shoal.experiments.task import Task


class Pattern(Scorer):
    """1 when it is found; with a group, and an answer to expect, when the group's last find is the expected answer."""

    needs_expected = False
    at_once = False

    def __init__(self, spec: RegexSpec, answer: str | None = None) -> None:
        super().__init__("regex", field=spec.field, answer=answer)
        self._groups = re.compile(spec.pattern).groups
        self._matcher = Matcher(spec.pattern, ignore_case=spec.ignore_case)
        self._exact = Exact(ExactSpec(ignore_case=spec.ignore_case))
        self._calls = OneAtATime("shoal-scorer")

    async def judge(self, output: Any, task: Task) -> Judged:
        """In a thread: there is a process to wait for."""
        return await self._calls.made(self._told, output, task)

    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        found = self._matcher.last_find(text_of(part))
        if found is None:
            return 0.0, "the pattern is not in the answer"
        if not self._groups or expected is None:
            return 1.0
        return self._exact.part_score(found[0] or "", expected)
