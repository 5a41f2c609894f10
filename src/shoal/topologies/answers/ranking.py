"""A vote on rankings: each member answers options, best first; what wins is one of them. Pure."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Answers, Outcome, Position
from shoal.topologies.answers.ballot import ballot, value_of
from shoal.topologies.answers.schulze import count
from shoal.topologies.answers.voting import check_field, field_objection
from shoal.topologies.wiring.excerpt import excerpt
from shoal.topologies.wiring.signature import Kinds, either, kinds_of, type_names

MOST_OPTIONS = 50
"""Counting takes the cube of them: about 15 ms for fifty, in which the front does nothing else."""
_SHOWN = 200


class RankedVoting(Aggregate):
    """See :func:`ranked_vote`."""

    label = "ranked vote"

    def __init__(self, field: str) -> None:
        self._field = field

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """Each answers a list, or has one in the field. Returned is what the lists are of, where models say it."""
        check_field(self.label, self._field, answers)
        if not self._field:
            for name, kinds in answers.items():
                for kind in kinds or ():
                    if kind not in (list, type(None)):
                        raise ConfigError(
                            f"{self.label}: member {name!r} answers {type_names((kind,))}, not a list, best first; "
                            "name the field that has it"
                        )
            return None
        return either(self._options_of(kind) for kinds in answers.values() for kind in kinds or (dict,))

    def _options_of(self, kind: type) -> Kinds:
        declared = getattr(kind, "model_fields", {}).get(self._field)
        inside = typing.get_args(declared.annotation) if declared is not None else ()
        return kinds_of(inside[0]) if inside else None

    def objection(self, answer: Any) -> str:
        """It is a list of different options."""
        why = super().objection(answer) or field_objection(answer, self._field)
        if why:
            return why
        ranking = value_of(answer, self._field)
        if not isinstance(ranking, list | tuple):
            return f"its answer is {type(ranking).__name__}, not a list of options, best first"
        if not ranking:
            return "it ranks nothing"
        if len({ballot(option) for option in ranking}) < len(ranking):
            return "it ranks an option twice"
        return ""

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """Count by Schulze's method."""
        given: dict[str, Any] = {}
        rankings: dict[str, list[str]] = {}
        for name, answer in answers.items():
            ranked = {ballot(option): option for option in value_of(answer, self._field)}
            rankings[name] = list(ranked)
            given = ranked | given  # an option in the words of the first who ranked it
        if len(given) > MOST_OPTIONS:
            return Outcome(
                undecided=f"{self.label}: {len(given)} different options; at most {MOST_OPTIONS} are counted"
            )
        result = count(sorted(given), list(rankings.values()))
        votes = tuple(
            Position(
                text=excerpt(given[option], _SHOWN),
                by=tuple(name for name, ranking in rankings.items() if ranking[0] == option),
                weight=beats,
            )
            for option, beats in result.beaten.items()
        )
        if len(result.winners) != 1:
            tied = ", ".join(repr(excerpt(given[option], _SHOWN)) for option in result.winners)
            return Outcome(undecided=f"{self.label}: a tie between {tied or 'nothing'}", votes=votes)
        (winner,) = result.winners
        dissent = tuple(name for name, ranking in rankings.items() if ranking[0] != winner)
        return Outcome(given[winner], votes=votes, dissent=dissent)


def ranked_vote(field: str = "") -> RankedVoting:
    """Each member answers a list of options, best first; out comes the option that wins by Schulze's method.

    ``field``: where in the answers the list is. An option that a member leaves out is to it worse than all that it
    ranks. In the votes of the report an option weighs as many others as it beats, and ``by`` says who put it first.
    """
    return RankedVoting(field)
