"""What a verdict rests on: passages that have to be there, and to be quoted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from shoal.topologies.wiring.carrying import as_data
from shoal.topologies.wiring.history import as_text

Demand = Literal["quoted", "given", "none"]
"""``quoted``: word for word from the task or the answer; ``given``: anything, the output of a test say; ``none``."""
DEMANDS: tuple[Demand, ...] = ("quoted", "given", "none")
_SHOWN = 120


def lacking_evidence(demand: Demand, evidence: Sequence[str], *sources: Any) -> str:
    """What is wrong with the evidence of a verdict about ``sources`` (task and answer); empty when it will do."""
    if demand == "none":
        return ""
    passages = [passage for passage in evidence if passage.strip()]
    if not passages:
        return "it gave no evidence"
    if demand == "quoted":
        texts = [_plain(text) for source in sources for text in _texts(source)]
        for passage in passages:
            if not any(_plain(passage) in text for text in texts):
                return f"its evidence is in neither the task nor the answer: {passage[:_SHOWN]!r}"
    return ""


def _texts(source: Any) -> Iterator[str]:
    """A message as the checkers read it, and each text in it by itself: in JSON a quote may be written otherwise."""
    yield as_text(source)
    yield from _strings(as_data(source))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _plain(text: str) -> str:
    """Without differences that models make when they quote: case and white space."""
    return " ".join(text.casefold().split())
