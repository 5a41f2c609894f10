"""The answer's number is the expected one. Pure."""

from __future__ import annotations

import math
import re
from typing import Any

from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import NumberSpec

_MINUS = "\u2212"
_NUMBER = re.compile(
    r"(?<![\w.])([-+\u2212]?)[$€£]?(\d{1,3}(?:,\d{3})+(?!\d)|\d+)?(\.\d+)?(?:[eE]([-+]?\d+))?"
)


class Number(Scorer):
    """1 when it is within the tolerance."""

    def __init__(self, spec: NumberSpec, answer: str | None = None) -> None:
        super().__init__("number", field=spec.field, answer=answer)
        self._spec = spec

    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        found, wanted = number_in(part), number_in(expected)
        if found is None:
            return 0.0, "there is no number in the answer"
        if wanted is None:
            return 0.0, "there is no number in the expected answer"
        allowed = max(self._spec.tolerance, self._spec.relative * abs(wanted))
        return float(found == wanted or abs(found - wanted) <= allowed)

    def problem_of(self, expected: Any) -> str:
        return "" if number_in(expected) is not None else f"{expected!r} has no number in it"


def number_in(value: Any) -> float | None:
    """A finite number: the value itself, or the last one in a text, where ``1,234.5`` and ``-$3`` are numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _finite(float(value)) if abs(value) < 1e308 else None
    if not isinstance(value, str):
        return None
    found = None
    for match in _NUMBER.finditer(value):
        sign, whole, part, power = match.groups()
        if whole or part:
            text = f"{'-' if sign in ('-', _MINUS) else ''}{(whole or '0').replace(',', '')}{part or ''}e{power or 0}"
            found = _finite(float(text))
    return found


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
