"""How many cases it would take to tell a difference of a given size. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, stdev

from shoal.experiments.comparing.interval import ALPHA
from shoal.experiments.comparing.proportion import all_binary

POWER = 0.8
"""With so many cases, a difference that is there is told in 80 of 100 experiments."""


def cases_needed(differences: Sequence[float], *, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """As many cases as tell a mean difference of the size found, when cases scatter as these did.

    ``None`` where there is no difference, or fewer than two cases. For scores of 0 and 1 (differences of -1, 0 and 1):
    R. J. Connor, Biometrics 43 (1987), 207-211; for others ``((z_alpha + z_power) * deviation / difference) ** 2``,
    S.-C. Chow, J. Shao and H. Wang, Sample Size Calculations in Clinical Research (2nd ed., 2008), 3.1.
    """
    if len(differences) < 2:
        return None
    mean = math.fsum(differences) / len(differences)
    if abs(mean) < 1e-12:
        return None
    normal = NormalDist()
    z_alpha, z_power = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    if all_binary(map(abs, differences)):
        differing = sum(map(abs, differences)) / len(differences)
        reach = z_alpha * math.sqrt(differing) + z_power * math.sqrt(max(0.0, differing - mean * mean))
    else:
        reach = (z_alpha + z_power) * stdev(differences)
    return max(_LEAST, math.ceil((reach / mean) ** 2))


_LEAST = 6
"""Fewer cannot come below 0.05 in an exact paired test: 2 / 2**6 is 0.03, 2 / 2**5 is 0.06."""
