"""Statistics of a few rounds: medians, spans, percentiles and ratios taken round by round.

All pure. A bench has five or seven rounds on a machine that others use too, so nothing here assumes a
distribution: the middle is the median, the noise is the whole span from the worst round to the best.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict


class Spread(BaseModel):
    """Where the rounds of one figure lie, in the figure's own unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    median: float
    """The middle round."""
    low: float
    """The smallest round."""
    high: float
    """The largest round."""
    rounds: int
    """How many rounds it is made of."""

    @property
    def noise(self) -> float:
        """Half of the span from low to high as a part of the median: 0.1 reads "± 10 %"."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


def spread_of(values: Sequence[float]) -> Spread:
    """The spread of ``values``; raises ``ValueError`` when there are none."""
    if not values:
        raise ValueError("a spread needs at least one round")
    return Spread(median=statistics.median(values), low=min(values), high=max(values), rounds=len(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile: the smallest value that at least ``percent`` % of ``values`` do not exceed.

    It is always one of the values, so a p99 is a latency that really occurred. Raises ``ValueError`` for no
    values or a percentage outside 0..100.
    """
    if not values:
        raise ValueError("a percentile needs at least one value")
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not {percent}")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def differences_by_round(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """``ours`` less ``theirs``, for the rounds that both have."""
    return [ours[number] - theirs[number] for number in sorted(ours.keys() & theirs.keys())]


def ratios_by_round(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """``ours / theirs`` for each round that both finished, in the order of rounds.

    Dividing round by round cancels what slowed a whole round down (a neighbour on the machine), which the
    ratio of two medians would keep. Rounds in which theirs is 0 say nothing and are left out.
    """
    return [ours[number] / theirs[number] for number in sorted(ours) if theirs.get(number)]
