"""How much two lists, or the words of two texts, have in common. Pure.

F1 as in the evaluation of SQuAD (Rajpurkar et al., 2016): the harmonic mean of precision and recall, where an item
counts as often as it is there. Words are what stands between white space and punctuation; articles are words here.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from shoal.experiments.scoring.scorer import Scorer
from shoal.experiments.scoring.spec import SetSpec
from shoal.experiments.scoring.text import folded, text_of

_WORD = re.compile(r"\w+(?:['.,-]\w+)*")


class Overlap(Scorer):
    """F1 of the items; lists are compared by their items, anything else by its words."""

    def __init__(self, spec: SetSpec, answer: str | None = None) -> None:
        super().__init__("set", field=spec.field, answer=answer)
        self._ignore_case = spec.ignore_case

    def part_score(self, part: Any, expected: Any) -> float:
        as_items = isinstance(part, list) and isinstance(expected, list)
        return f1(self._counted(part, as_items), self._counted(expected, as_items))

    def _counted(self, value: Any, as_items: bool) -> Counter[str]:
        if as_items:
            return Counter(folded(text_of(one).strip(), self._ignore_case) for one in value)
        text = " ".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
        return Counter(_WORD.findall(folded(text, self._ignore_case)))


def f1(found: Counter[str], wanted: Counter[str]) -> float:
    """From 0 to 1; 1 when both are empty."""
    size = found.total() + wanted.total()
    return 2 * (found & wanted).total() / size if size else 1.0
