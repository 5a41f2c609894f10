"""The answer is the expected one. Pure."""

from __future__ import annotations

from typing import Any

from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ExactSpec
from shoal.experiments.scoring.text import folded, text_of


class Exact(Scorer):
    """1 when both are the same JSON value. Where one is text, the other counts as JSON writes it: CSV has only
    text. A truth value is also what other programs write for it, ``True`` and ``TRUE``, as in ``where``."""

    def __init__(self, spec: ExactSpec, answer: str | None = None) -> None:
        super().__init__("exact", field=spec.field, answer=answer)
        self._spec = spec

    def part_score(self, part: Any, expected: Any) -> float:
        return float(self._same(part, expected))

    def _same(self, one: Any, other: Any) -> bool:
        if isinstance(one, str) or isinstance(other, str):
            true_or_false = isinstance(one, bool) or isinstance(other, bool)
            texts = [text_of(each).lower() if true_or_false else text_of(each) for each in (one, other)]
            return self._plain(texts[0]) == self._plain(texts[1])
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(self._same(one[key], other[key]) for key in one)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(map(self._same, one, other))
        return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)

    def _plain(self, text: str) -> str:
        return folded(text.strip() if self._spec.strip else text, self._spec.ignore_case)
