"""Schulze's method: from rankings to the option that wins, and the order of the others. Pure.

M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election
method", Social Choice and Welfare 36 (2011), with strength measured by winning votes. Chosen because an option that
beats every other one in pairs wins, and because near copies of an option do not take votes from one another: models
propose near copies all the time. Time grows with the cube of the options.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Ranking = Sequence[str]
"""Best first; options that are not in it are worse than all in it, and equal among themselves."""


def pairwise(options: Sequence[str], rankings: Sequence[Ranking]) -> list[list[int]]:
    """How many rankings have the one above the other, by the options' places."""
    size = len(options)
    place = {option: index for index, option in enumerate(options)}
    above = [[0] * size for _ in range(size)]
    for ranking in rankings:
        seen: set[int] = set()
        for option in ranking:
            one = place[option]
            seen.add(one)
            for other in range(size):
                if other not in seen:
                    above[one][other] += 1
    return above


def strongest_paths(above: list[list[int]]) -> list[list[int]]:
    """The strength of the strongest path from each option to each other, which is that of its weakest link."""
    size = len(above)
    paths = [[above[i][j] if above[i][j] > above[j][i] else 0 for j in range(size)] for i in range(size)]
    for via in range(size):
        through = paths[via]
        for start in range(size):
            first = paths[start][via]
            if first == 0 or start == via:
                continue
            row = paths[start]
            for end in range(size):
                if end != start and end != via:
                    strength = min(first, through[end])
                    if strength > row[end]:
                        row[end] = strength
    return paths


class Result(NamedTuple):
    """What rankings come to."""

    winners: list[str]
    """The options that no other beats: at least one where there are options, several in a tie."""
    beaten: dict[str, int]
    """How many others each option beats, most first."""


def count(options: Sequence[str], rankings: Sequence[Ranking]) -> Result:
    """Count rankings of ``options``, each of which names an option once at most."""
    paths = strongest_paths(pairwise(options, rankings))
    size = range(len(options))
    winners = [
        option
        for one, option in enumerate(options)
        if all(paths[one][other] >= paths[other][one] for other in size)
    ]
    beaten = {
        option: sum(paths[one][other] > paths[other][one] for other in size)
        for one, option in enumerate(options)
    }
    return Result(winners, dict(sorted(beaten.items(), key=lambda item: -item[1])))
