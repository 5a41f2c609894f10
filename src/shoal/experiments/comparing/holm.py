"""Several teams held against one baseline: the more there are, the more likely one looks better by luck. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, corrected so that the chance of any false difference among all of them stays what it says.

    In the order in which they came. Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    count = len(p_values)
    corrected = [1.0] * count
    least = 0.0
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        least = max(least, min(1.0, p_values[index] * (count - rank)))
        corrected[index] = least
    return corrected
