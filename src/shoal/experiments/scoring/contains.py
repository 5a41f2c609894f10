"""The expected text occurs in the answer. Pure."""

from __future__ import annotations

from typing import Any

from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ContainsSpec
from shoal.experiments.scoring.text import folded, places, text_of


class Contains(Scorer):
    """1 when it occurs; of a list of texts, the share of those that do."""

    def __init__(self, spec: ContainsSpec, answer: str | None = None) -> None:
        super().__init__("contains", field=spec.field, answer=answer)
        self._spec = spec

    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        text = folded(text_of(part), self._spec.ignore_case)
        wanted = _texts(expected)
        if not wanted:
            return 0.0, "nothing is expected"
        missing = [
            one
            for one in wanted
            if not places(folded(one, self._spec.ignore_case), text, words=self._spec.words)
        ]
        return 1 - len(missing) / len(wanted), f"missing: {', '.join(missing)}" if missing else ""

    def problem_of(self, expected: Any) -> str:
        return (
            "" if _texts(expected) and all(_texts(expected)) else "it is empty: it cannot occur in an answer"
        )


def _texts(expected: Any) -> list[str]:
    found = expected if isinstance(expected, list) else [expected]
    return [text_of(one).strip() for one in found]
