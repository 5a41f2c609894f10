"""The answer names the expected one of several choices. Pure."""

from __future__ import annotations

from typing import Any

from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import ChoiceSpec
from shoal.experiments.scoring.text import folded, places, text_of


class Choice(Scorer):
    """1 when the answer names it and no other. A choice that is a part of a longer one counts only where it stands
    alone: ``not working`` names no ``working``."""

    def __init__(self, spec: ChoiceSpec, answer: str | None = None) -> None:
        super().__init__("choice", field=spec.field, answer=answer)
        self._ignore_case = spec.ignore_case
        self._choices = [self._plain(choice) for choice in spec.choices]

    def part_score(self, part: Any, expected: Any) -> float | tuple[float, str]:
        named = self.named_in(text_of(part))
        if len(named) != 1:
            return (
                0.0,
                f"the answer names {', '.join(sorted(named))}" if named else "the answer names no choice",
            )
        return float(named == {self._plain(text_of(expected))})

    def problem_of(self, expected: Any) -> str:
        known = self._plain(text_of(expected)) in self._choices
        return "" if known else f"{expected!r} is none of the choices"

    def named_in(self, text: str) -> set[str]:
        """The choices that a text names."""
        plain = self._plain(text)
        if plain in self._choices:
            return {plain}
        found = sorted(
            (start, -end, choice)
            for choice in self._choices
            for start, end in places(choice, plain, words=True)
        )
        named, behind = set(), 0  # where the longest that began before ends
        for _, end, choice in found:
            if -end > behind:
                named.add(choice)
                behind = -end
        return named

    def _plain(self, text: str) -> str:
        return folded(text.strip(), self._ignore_case)
