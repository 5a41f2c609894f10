"""A paired test that assumes nothing about how scores are distributed. Pure: the seed is fixed."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

DRAWS = 9_999
"""Random sign patterns, where there are too many to go through all: p is sure to about 0.002 near 0.05."""
_SUMS = 50_000
_STEPS = 500_000
"""All patterns are gone through while their sums are so few, and come of so few additions: 0.2 s."""
_GROUPS = 300
"""Different sizes of differences up to which patterns are drawn, 0.5 s; beyond it the sum is normal."""
_DENOMINATORS = range(1, 61)
_FINE = 10**9


class Tested(NamedTuple):
    """What a test came to."""

    p: float
    method: str


def sign_flip(differences: Sequence[float], *, seed: int = 0) -> Tested:
    """The two-sided p value of the mean of paired differences, by the sign-flip permutation test.

    If the two teams were the same, each difference could as well have had the other sign: p is the share of all sign
    patterns whose sum is as far from 0 as the one found, or farther. Exact where the sums can be counted, which for 0/1
    scores makes it McNemar's test; else 9,999 random patterns, the one found counted among them; with many different
    values the normal limit. Source: R. A. Fisher, The Design of Experiments (1935), 21; B. Phipson and G. K. Smyth,
    Statistical Applications in Genetics and Molecular Biology 9 (2010), article 39 (p is never 0).
    """
    sizes = _whole(differences)
    found = abs(sum(size if value > 0 else -size for size, value in zip(sizes, differences, strict=True)))
    groups = Counter(size for size in sizes if size)
    if not groups or not found:
        return Tested(1.0, "sign-flip, exact")
    sums = _all_sums(groups)
    if sums is not None:
        extreme = sum(count for total, count in sums.items() if abs(total) >= found)
        return Tested(extreme / sum(sums.values()), "sign-flip, exact")
    if len(groups) <= _GROUPS:
        return Tested(_drawn(groups, found, seed), f"sign-flip, {DRAWS:,} random patterns")
    spread = math.sqrt(sum(count * size * size for size, count in groups.items()))
    return Tested(2 * NormalDist().cdf(-found / spread), "sign-flip, normal limit")


def _whole(differences: Sequence[float]) -> list[int]:
    """Their sizes as whole numbers of a unit that all of them have in common, else of a billionth."""
    sizes = [abs(value) for value in differences]
    for parts in _DENOMINATORS:
        if all(abs(size * parts - round(size * parts)) < 1e-9 for size in sizes):
            return [round(size * parts) for size in sizes]
    return [round(size * _FINE) for size in sizes]


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


def _drawn(groups: Counter[int], found: int, seed: int) -> float:
    bits = random.Random(seed).getrandbits
    drawn = list(groups.items())
    extreme = 1
    for _ in range(DRAWS):
        # Of differences of one size only the number of positive signs matters: as many as random bits are set.
        total = sum(size * (2 * bits(count).bit_count() - count) for size, count in drawn)
        extreme += abs(total) >= found
    return extreme / (DRAWS + 1)
