"""The interval of a mean whose distribution nobody knows, from the values themselves. Pure: the seed is fixed."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist

from shoal.experiments.comparing.interval import CONFIDENCE, Interval, z_of

RESAMPLES = 4_000
_DRAWS = 2_000_000
"""As many values are drawn at most, 0.3 s; beyond 500 values there are fewer resamples."""
_LEAST = 5
_NORMAL_FROM = 2_000
"""From so many values on the mean of bounded scores is normal for all that an interval shows."""


def mean_interval(
    values: Sequence[float],
    confidence: float = CONFIDENCE,
    *,
    seed: int = 0,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Interval | None:
    """The interval of the mean of these values: BCa bootstrap, from 2,000 values on normal.

    ``within``: what a mean of such values can be; the interval goes no further.

    ``None`` for fewer than five values, or where all are the same: they say nothing about how far they scatter.
    Source: B. Efron, Journal of the American Statistical Association 82 (1987), 171-185 (bias-corrected and
    accelerated); as in Efron and Tibshirani, An Introduction to the Bootstrap (1993), 14.3.
    """
    count = len(values)
    if count < _LEAST or min(values) == max(values):
        return None
    mean = math.fsum(values) / count
    if count >= _NORMAL_FROM:
        error = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1) / count)
        reach = z_of(confidence) * error
        low, high = (
            within  # the bootstrap's means lie among the values, this one beyond where nearly all are the same
        )
        return Interval(max(mean - reach, low), min(mean + reach, high), "normal")
    means = _resampled(values, min(RESAMPLES, _DRAWS // count), seed)
    low, high = _corrected(values, mean, means, confidence)
    return Interval(_at(means, low), _at(means, high), "bca bootstrap")


def _resampled(values: Sequence[float], resamples: int, seed: int) -> list[float]:
    """The means of so many samples drawn from the values with replacement, sorted."""
    choices, count = random.Random(seed).choices, len(values)
    return sorted(sum(choices(values, k=count)) / count for _ in range(resamples))


def _corrected(
    values: Sequence[float], mean: float, means: Sequence[float], confidence: float
) -> tuple[float, float]:
    """The two shares of the resampled means to cut off at, corrected for bias and skewness."""
    normal = NormalDist()
    below = (bisect_left(means, mean - _TIE) + bisect_right(means, mean + _TIE)) / 2 / len(means)
    bias = normal.inv_cdf(min(max(below, 0.5 / len(means)), 1 - 0.5 / len(means)))
    # Of a mean, the jackknife's values differ from their own mean by (mean - value) / (n - 1).
    cubes = math.fsum((value - mean) ** 3 for value in values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    scale = 6 * squares**1.5
    acceleration = cubes / scale if scale else 0.0  # values so close that this is no number any more
    shares = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + normal.inv_cdf(tail)
        shares.append(normal.cdf(bias + z / (1 - acceleration * z)))
    return shares[0], shares[1]


_TIE = 1e-12
"""Means of the same values in another order differ by less."""


def _at(ordered: Sequence[float], share: float) -> float:
    place = min(max(share, 0.0), 1.0) * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
