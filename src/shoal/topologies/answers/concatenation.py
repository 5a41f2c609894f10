"""Concatenation: everything that was said, one after the other in the members' order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Answers, Outcome
from shoal.topologies.wiring.signature import Kinds, either, type_names

_JOINED = (str, list)


class Concatenation(Aggregate):
    """See :func:`concatenate`."""

    label = "concatenated"
    decides_always = True

    def __init__(self, separator: str, named: bool) -> None:
        self._separator = separator
        self._named = named

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """All texts, or all lists."""
        for name, kinds in answers.items():
            for kind in kinds or ():
                if kind not in (*_JOINED, type(None)):
                    raise ConfigError(
                        f"concatenate: member {name!r} answers {type_names((kind,))}; texts and lists can be "
                        "concatenated, and for models there is shoal.merge_by_schema"
                    )
        found = either(answers.values())
        joined = None if found is None else tuple(kind for kind in found if kind in _JOINED)
        if joined is not None and len(joined) > 1:
            raise ConfigError(
                "concatenate: some members answer texts and some lists; let all answer the same"
            )
        return joined or None

    def objection(self, answer: Any) -> str:
        """It is a text or a list."""
        why = super().objection(answer)
        return why or (
            "" if isinstance(answer, _JOINED) else f"its answer is {type(answer).__name__}, not text"
        )

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """Join."""
        kinds = {type(answer) for answer in answers.values()}
        if kinds == {list}:
            return Outcome([entry for answer in answers.values() for entry in answer])
        if list in kinds:
            return Outcome(undecided="concatenate: some members answered texts and some lists")
        texts = (f"{name}: {answer}" if self._named else str(answer) for name, answer in answers.items())
        return Outcome(self._separator.join(texts))


def concatenate(separator: str = "\n\n", *, named: bool = False) -> Concatenation:
    """Texts joined by ``separator``, or lists to one list, in the members' order.

    ``named``: each text behind the name of who gave it.
    """
    return Concatenation(separator, named)
