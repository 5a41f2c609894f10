"""Votes: one answer for each member, each with its weight. What wins is an answer that somebody gave. Pure.

A vote has a winner when one answer has more than a share of the votes that were cast, half of them by default (a
majority), and more than any other. Otherwise it has none, and says so: nothing is averaged, no tie is broken by who
happened to come first.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Answers, Outcome
from shoal.topologies.answers.ballot import Stand, Weight, ballot, positions, stands, value_of
from shoal.topologies.wiring.signature import Kinds, either, type_names

_FINEST = 1000
"""Denominator of a share: 2/3 as a float is a little less, and would let two of three pass as more than it."""
_NOTHING = type(None)
_LISTED = 5


class Voting(Aggregate):
    """See :func:`majority_vote` and :func:`weighted_vote`."""

    settles = True

    def __init__(
        self, label: str, field: str, weights: Mapping[str, Weight], more_than: float, exact: bool
    ) -> None:
        if not isinstance(more_than, int | float) or not 0 <= more_than < 1:
            raise ConfigError(
                f"{label}: more_than is {more_than!r}; it is a share of the votes, from 0 to under 1"
            )
        self.label = label
        self._field = field
        self._weights = dict(weights)
        self._share = Fraction(more_than).limit_denominator(_FINEST)
        self._exact = exact

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """Who has a weight is there, what is compared is there, and the members can agree at all."""
        for name in self._weights:
            if name not in answers:
                raise ConfigError(f"{self.label}: {name!r} has a weight and is none of {', '.join(answers)}")
        if answers and not sum(self._weight(name) for name in answers):
            raise ConfigError(f"{self.label}: no member's vote weighs more than 0")
        check_field(self.label, self._field, answers)
        if not self._field:
            _check_common(self.label, answers)
        found = either(answers.values())
        return None if found is None else tuple(kind for kind in found if kind is not _NOTHING)

    def objection(self, answer: Any) -> str:
        """It has the field."""
        return super().objection(answer) or field_objection(answer, self._field)

    def vote(self, answer: Any) -> str:
        """What is compared."""
        return ballot(value_of(answer, self._field), exact=self._exact)

    def settled(self, votes: Mapping[str, str], others: Collection[str]) -> bool:
        """Nobody can overtake who leads, or nobody can win any more."""
        left = self._sum(others)
        cast = self._sum(votes)
        if not self._enough(cast, cast + left):
            return False  # too early, even if all said the same: nothing need be counted
        count = stands(votes, self._weights)
        lead = count[0].weight
        follows = count[1].weight if len(count) > 1 else 0
        if not self._enough(lead + left, cast + left):
            return True  # also when all the others say the same as who leads
        return lead > follows + left and self._enough(lead, cast + left)

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """Count."""
        count = stands({name: self.vote(answer) for name, answer in answers.items()}, self._weights)
        values = {name: value_of(answer, self._field) for name, answer in answers.items()}
        votes = positions(values, count)
        why = self._no_winner(count, values)
        if why:
            return Outcome(undecided=why, votes=votes)
        winners = count[0].names
        spokesman = max(winners, key=self._weight)  # the first of the heaviest
        dissent = tuple(name for name in answers if name not in winners)
        return Outcome(answers[spokesman], votes=votes, dissent=dissent)

    def _weight(self, name: str) -> Weight:
        return self._weights.get(name, 1)

    def _sum(self, names: Collection[str]) -> Weight:
        return sum(self._weights.get(name, 1) for name in names) if self._weights else len(names)

    def _enough(self, weight: Weight, cast: Weight) -> bool:
        """Whether it is more than the share of the votes."""
        return weight * self._share.denominator > self._share.numerator * cast

    def _no_winner(self, count: list[Stand], values: Mapping[str, Any]) -> str:
        cast = sum(one.weight for one in count)
        leads = len(count) == 1 or (len(count) > 1 and count[0].weight > count[1].weight)
        if leads and self._enough(count[0].weight, cast):
            return ""
        listed = "; ".join(
            f"{position.text!r} {position.weight:g} ({', '.join(position.by)})"
            for position in positions(values, count[:_LISTED])
        )
        more = f"; and {len(count) - _LISTED} more" if len(count) > _LISTED else ""
        text = (
            f"{self.label}: no answer has more than {self._share} of {float(cast):g} votes and more than any other: "
            f"{listed}{more}"
        )
        whole = not self._field and any(isinstance(value, BaseModel | dict) for value in values.values())
        return f"{text} (whole answers are compared; name a field to count by it alone)" if whole else text


def majority_vote(field: str = "", *, more_than: float = 0.5, exact: bool = False) -> Voting:
    """One vote for each member; the answer that more than half of those who answered gave.

    ``field``: the field of the answers that is compared, the rest may differ; without one, whole answers are, but for
    what they say about themselves (:data:`~.ballot.BESIDES`: ``confidence``, ``reason``, ...). What
    comes out is the whole answer of the first member of the majority. ``more_than``: the share of the votes that an
    answer must exceed: ``2/3`` for a qualified majority, ``0`` for the most votes. ``exact``: texts that differ in case
    or white space are different, and fields as ``reason`` count too.
    """
    return Voting("majority vote", field, {}, more_than, exact)


def weighted_vote(
    weights: Mapping[str, float], field: str = "", *, more_than: float = 0.5, exact: bool = False
) -> Voting:
    """As :func:`majority_vote`, with a weight for each member's vote, 1 for those that are not named.

    Weights are taken as they are written: 0.1 and 0.2 are as much as 0.3. What comes out is the answer of the heaviest
    of the members that win.
    """
    taken: dict[str, Weight] = {}
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
            raise ConfigError(f"weighted vote: the weight of {name!r} is {weight!r}; give a number from 0")
        taken[name] = Fraction(str(weight))
    return Voting("weighted vote", field, taken, more_than, exact)


def check_field(label: str, field: str, answers: Mapping[str, Kinds]) -> None:
    """Raise :class:`ConfigError` when a member's answers cannot have the field."""
    if not field:
        return
    for name, kinds in answers.items():
        for kind in kinds or ():
            if kind in (dict, _NOTHING) or (issubclass(kind, BaseModel) and field in kind.model_fields):
                continue
            raise ConfigError(
                f"{label}: member {name!r} answers {type_names((kind,))}, which has no field {field!r}"
            )


def field_objection(answer: Any, field: str) -> str:
    """Why an answer cannot be compared by a field."""
    if field and value_of(answer, field) is None:
        return f"its answer, {type(answer).__name__}, has nothing in the field {field!r}"
    return ""


def _check_common(label: str, answers: Mapping[str, Kinds]) -> None:
    known = [
        {kind for kind in kinds if kind is not _NOTHING} for kinds in answers.values() if kinds is not None
    ]
    if known and not set.intersection(*known):
        names = ", ".join(f"{name} {type_names(kinds)}" for name, kinds in answers.items())
        raise ConfigError(
            f"{label}: the members answer different types ({names}), so they can never agree; let them answer "
            "one, or name a field that all of them have"
        )
