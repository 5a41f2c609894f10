"""An interval of confidence, and how it was made. Pure."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
"""Of all intervals here: in 95 of 100 experiments such an interval holds the true value."""

ALPHA = 0.05
"""A difference that chance alone makes less often than this is called one."""


class Interval(NamedTuple):
    """From ``low`` to ``high``, both in the unit of what was measured."""

    low: float
    high: float
    method: str
    """As ``wilson``."""


def z_of(confidence: float = CONFIDENCE) -> float:
    """How many standard errors an interval of this confidence reaches to each side: 1.96 for 95 %."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)
