"""Figures at the marks of axes, in as few letters as say them. Pure."""

from __future__ import annotations

from shoal.experiments.explaining.figures import short_count


def time_tick(seconds: float) -> str:
    """``0``, ``50 ms``, ``1.5 s``, ``4 min``, ``2.5 h``."""
    if seconds <= 0:
        return "0"
    for least, unit, name in (
        (5400.0, 3600.0, "h"),
        (120.0, 60.0, "min"),
        (1.0, 1.0, "s"),
        (0.001, 0.001, "ms"),
    ):
        if seconds >= least * 0.9999:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e6:.3g} µs"


def time_unit(seconds: float) -> float:
    """In which unit marks up to so many seconds are round: seconds, minutes or hours."""
    return 3600.0 if seconds >= 5400.0 else 60.0 if seconds >= 120.0 else 1.0


def count_tick(count: float) -> str:
    """``0``, ``250``, ``1.5k``, ``200k``, ``3M``."""
    if count < 1000:
        return f"{count:.3g}"
    return (
        short_count(round(count))
        if count < 10_000
        else f"{count / 1000:.4g}k"
        if count < 1e6
        else f"{count / 1e6:.3g}M"
    )


def money_tick(usd: float) -> str:
    """``$0``, ``$0.002``, ``$1.5``."""
    if usd == 0:
        return "$0"
    return f"${usd:,.0f}" if usd >= 1000 else f"${usd:.3g}" if usd >= 0.0001 else f"${usd:.0e}"
