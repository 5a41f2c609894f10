"""Scores that are all 0 or 1: intervals of a share and of the difference of two paired shares; McNemar's test. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from shoal.experiments.comparing.interval import CONFIDENCE, Interval, z_of


def all_binary(scores: Iterable[float]) -> bool:
    """Whether every score is right or wrong, nothing in between."""
    return all(score in (0.0, 1.0) for score in scores)


def wilson(right: int, cases: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a share of ``right`` among ``cases``, at least one.

    It stays within 0 and 1 and is honest for few cases and for shares near the ends, where the textbook's interval has
    no width at all. Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212;
    recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001), 101-133.
    """
    z = z_of(confidence)
    share = right / cases
    scale = 1 + z * z / cases
    middle = (share + z * z / (2 * cases)) / scale
    reach = z / scale * math.sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    low = 0.0 if right == 0 else middle - reach
    high = 1.0 if right == cases else middle + reach
    return Interval(low, high, "wilson")


def paired_shares(gained: int, lost: int, cases: int, confidence: float = CONFIDENCE) -> Interval:
    """The interval of the difference of two shares that were measured on the same ``cases``, at least one.

    ``gained``: cases that only the first has right; ``lost``: those that only the second has. Source: the adjusted Wald
    interval of Bonett and Price, Journal of Educational and Behavioral Statistics 37 (2012), 479-488; recommended by
    Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), 2850-2875. It has a width also where the two never
    differed.
    """
    first, second = (gained + 1) / (cases + 2), (lost + 1) / (cases + 2)
    middle = first - second
    reach = z_of(confidence) * math.sqrt((first + second - middle * middle) / (cases + 2))
    return Interval(max(-1.0, middle - reach), min(1.0, middle + reach), "bonett-price")


def mcnemar(gained: int, lost: int) -> float:
    """The p value of McNemar's exact test, two-sided: how often a fair coin splits the cases so unevenly, or more.

    Only cases on which the two differ count. Source: Q. McNemar, Psychometrika 12 (1947), 153-157, with the binomial
    distribution in place of the approximation.
    """
    differing = gained + lost
    if gained == lost:
        return 1.0
    fewer = min(gained, lost)
    if differing <= _EXACT_UP_TO:
        tail = sum(math.comb(differing, k) for k in range(fewer + 1))
        return min(1.0, tail / (1 << (differing - 1)))
    # In logs: the terms have thousands of digits. What is left out is below 1e-300.
    log = math.lgamma(differing + 1) - differing * math.log(2)
    terms = (
        math.exp(log - math.lgamma(k + 1) - math.lgamma(differing - k + 1)) for k in range(fewer, -1, -1)
    )
    return min(1.0, 2 * math.fsum(terms))


_EXACT_UP_TO = 1000
"""Whole numbers up to here: under a millisecond."""
