"""Quantiles of measured values. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which this ``share`` of them lies, between neighbours in proportion; ``None`` for no values.

    Source: definition 7 of R. J. Hyndman and Y. Fan, The American Statistician 50 (1996), 361-365, as numpy and R.
    """
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
