"""A paired test that assumes nothing about how scores are distributed. Pure: the seed is fixed."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import NamedTuple

DRAWS = 9_999
"""Random sign patterns, where there are too many to go through all: p is sure to about 0.002 near 0.05."""
_SUMS = 50_000
_STEPS = 500_000
"""All patterns are gone through while their sums are so few, and come of so few additions: 0.2 s."""
_GROUPS = 300
"""Different sizes of differences up to which patterns are drawn, 0.5 s; beyond it the sum is normal."""
_FINE = 10**12
"""Differences are looked at in units of a trillionth: what they differ by below that is the rounding of their sums."""
_LARGEST = 10**5
"""Scores are shares of things that can be counted: fractions of which two with denominators up to here are at least
1e-10 apart, so that a trillionth says which one is meant."""


class Tested(NamedTuple):
    """What a test came to."""

    p: float
    method: str


def sign_flip(differences: Sequence[float], *, seed: int = 0) -> Tested:
    """The two-sided p value of the mean of paired differences, by the sign-flip permutation test.

    If the two teams were the same, each difference could as well have had the other sign: p is the share of all sign
    patterns whose sum is as far from 0 as the one found, or farther. Exact where the sums can be counted, which for 0/1
    scores makes it McNemar's test; else 9,999 random patterns, the one found counted among them; with many different
    values the normal limit. Sums between which there is only rounding are equally far from 0. Source: R. A. Fisher, The
    Design of Experiments (1935), 21; B. Phipson and G. K. Smyth, Statistical Applications in Genetics and Molecular
    Biology 9 (2010), article 39 (p is never 0).
    """
    sizes, unit = _whole(differences)
    sum_found = abs(sum(size if value > 0 else -size for size, value in zip(sizes, differences, strict=True)))
    # Each size is off by a trillionth at most, in both sums: less than a unit of fractions that are small enough.
    least = sum_found - 2 * len(sizes) * unit // _FINE
    groups = Counter(size for size in sizes if size)
    if not groups or least <= 0:
        return Tested(1.0, "sign-flip, exact")
    sums = _all_sums(groups)
    if sums is not None:
        extreme = sum(count for total, count in sums.items() if abs(total) >= least)
        return Tested(extreme / sum(sums.values()), "sign-flip, exact")
    if len(groups) <= _GROUPS:
        return Tested(_drawn(groups, least, seed), f"sign-flip, {DRAWS:,} random patterns")
    spread = math.sqrt(sum(count * size * size for size, count in groups.items()))
    return Tested(2 * NormalDist().cdf(-sum_found / spread), "sign-flip, normal limit")


def _whole(differences: Sequence[float]) -> tuple[list[int], int]:
    """Their sizes as whole numbers of a unit, the largest they have in common or a trillionth, and how many make 1."""
    fine = [round(abs(value) * _FINE) for value in differences]
    different = set(fine)
    if len(different) <= _GROUPS:  # with more the sums are too many to go through, whatever the unit
        fractions = _fractions(different)
        unit = math.lcm(*(fraction.denominator for fraction in fractions.values())) if fractions else _FINE
        if unit < _FINE:
            whole = {size: int(fraction * unit) for size, fraction in fractions.items()}
            return [whole[size] for size in fine], unit
    return fine, _FINE


def _fractions(sizes: Iterable[int]) -> dict[int, Fraction]:
    """The fraction that each of these trillionths is meant to be; nothing where one of them is none."""
    found = {}
    for size in sizes:
        fraction = Fraction(size, _FINE).limit_denominator(_LARGEST)
        if abs(fraction - Fraction(size, _FINE)) * _FINE > 1:
            return {}
        found[size] = fraction
    return found


def _all_sums(groups: Counter[int]) -> dict[int, int] | None:
    """Every sum that a sign pattern can have, with the number of patterns; ``None`` when they are too many."""
    sums = {0: 1}
    steps = 0
    for size, count in groups.items():
        steps += len(sums) * (count + 1)
        if steps > _STEPS or len(sums) > _SUMS:
            return None
        more: dict[int, int] = {}
        ways = 1  # patterns of this group with so many positive signs
        for positive in range(count + 1):
            shift = (2 * positive - count) * size
            for total, patterns in sums.items():
                more[total + shift] = more.get(total + shift, 0) + patterns * ways
            ways = ways * (count - positive) // (positive + 1)
        sums = more
    return sums


def _drawn(groups: Counter[int], least: int, seed: int) -> float:
    bits = random.Random(seed).getrandbits
    drawn = list(groups.items())
    extreme = 1
    for _ in range(DRAWS):
        # Of differences of one size only the number of positive signs matters: as many as random bits are set.
        total = sum(size * (2 * bits(count).bit_count() - count) for size, count in drawn)
        extreme += abs(total) >= least
    return extreme / (DRAWS + 1)
