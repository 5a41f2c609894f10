"""A pattern is found in the answer. Pure."""

from __future__ import annotations

import re
from typing import Any

from shoal.experiments.scoring.exact import Exact
from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ExactSpec, RegexSpec
from shoal.experiments.scoring.text import text_of


class Pattern(Scorer):
    """1 when it is found; with a group, and an answer to expect, when the group's last find is the expected answer."""

    needs_expected = False

    def __init__(self, spec: RegexSpec, answer: str | None = None) -> None:
        super().__init__("regex", field=spec.field, answer=answer)
        self._regex = re.compile(spec.pattern, re.IGNORECASE if spec.ignore_case else 0)
        self._exact = Exact(ExactSpec(ignore_case=spec.ignore_case))

    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        found = None
        for match in self._regex.finditer(text_of(part)):
            found = match
            if not self._regex.groups or expected is None:
                return 1.0
        if found is None:
            return 0.0, "the pattern is not in the answer"
        return self._exact.part_score(found[1] or "", expected)
