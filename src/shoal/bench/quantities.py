"""Figures as people read them: three digits and a unit that fits the size."""

from __future__ import annotations

import math

from shoal.bench.rows import Figure

_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


def in_three_digits(value: float) -> str:
    """``value`` with three digits that count, all of them above 100: 0.0123, 1.23, 12.3, 123, 12,345."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    # Rounding can add a digit (99.96), so the digits are counted after it.
    digits = math.floor(math.log10(abs(float(f"{value:.2e}")))) + 1
    return f"{value:,.{max(0, 3 - digits)}f}"


def seconds(value: float) -> str:
    """A duration: "345 µs", "1.20 ms", "61.0 s"."""
    return _scaled(value, _TIMES)


def size(value: float) -> str:
    """An amount of memory: "6.10 KiB", "49.0 MiB"."""
    return _scaled(value, _BYTES)


def quantity(value: float, figure: Figure, op: str) -> str:
    """A value of ``figure`` with its unit; ``op`` is what the row counts."""
    match figure:
        case Figure.RATE:
            return f"{in_three_digits(value)} {op}/s"
        case Figure.MEMORY:
            return f"{size(value)} each"
        case Figure.CPU:
            return f"{seconds(value)} CPU"
        case Figure.P50:
            return f"p50 {seconds(value)}"
        case Figure.P99:
            return f"p99 {seconds(value)}"
        case Figure.WALL:
            return seconds(value)
        case Figure.GROWTH:
            return f"{in_three_digits(value)} ×"


def _scaled(value: float, units: tuple[tuple[float, str], ...]) -> str:
    for unit, name in units:
        # 999.6 µs is 1.00 ms in three digits
        if abs(value) >= unit * 0.9995:
            return f"{in_three_digits(value / unit)} {name}"
    unit, name = units[-1]
    return f"{in_three_digits(value / unit)} {name}"
