"""Scales that hold given figures, and round marks within them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shoal.experiments.report.svg_drawing import Scale, log_ticks, ticks

Format = Callable[[float], str]
_FAR, _TOO_FAR = 8.0, 10_000.0
"""Where the largest figure is so many times the smallest, a scale is one of powers."""


def scale_of(values: Sequence[float], start: float, end: float, *, from_zero: bool = False) -> Scale:
    """A scale that holds these figures, at least one."""
    low, high = (0.0 if from_zero else min(values)), max(values)
    if high <= low:
        low, high = (0.0, high or 1.0) if low >= 0 else (low - 1, low + 1)
    return Scale(low, high, start, end)


def log_scale_of(values: Sequence[float], start: float, end: float) -> Scale:
    """The same, of powers where the figures are far apart and none is 0."""
    low, high = min(values), max(values)
    if low <= 0 or not _FAR * low <= high <= _TOO_FAR * low:
        return scale_of(values, start, end, from_zero=True)
    return Scale(low, high, start, end, log=True)


def marks_of(scale: Scale, most: int = 6, unit: float = 1.0) -> list[float]:
    """Figures within a scale that are round in their unit, at most so many."""
    if scale.log:
        found = log_ticks(scale.low, scale.high)
    else:
        found = [mark * unit for mark in ticks(scale.low / unit, scale.high / unit, most)]
    edge = 1e-9 * (scale.high - scale.low)
    within = [mark for mark in found if scale.low - edge <= mark <= scale.high + edge]
    return within[:: max(1, -(-len(within) // most))]
