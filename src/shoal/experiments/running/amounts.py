"""Amounts as people read them. Pure."""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def count(number: float) -> str:
    """``12,345``; from a million on ``1.23M``."""
    return f"{number / 1e6:,.2f}M" if number >= 1e6 else f"{number:,.0f}"


def several(number: int, noun: str) -> str:
    """``1 dead letter``, ``2 dead letters``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def dollars(usd: float) -> str:
    """``$1.20``; small amounts with three digits that say something."""
    if usd == 0 or usd >= 0.1:
        return f"${usd:,.2f}"
    return f"${usd:.4f}" if usd >= 0.001 else f"${usd:.6f}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``38 s``, ``4 min 05 s``, ``2 h 10 min``, ``3 d 04 h``."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE - 0.5:
        return f"{seconds:.0f} s"
    if seconds < _HOUR - 0.5:
        return _two(seconds, _MINUTE, "min", 1.0, "s")
    if seconds < _DAY - 30:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def rate(a_second: float) -> str:
    """``12.3 tasks/s``; what is slower than one in ten seconds, a minute or an hour."""
    if a_second >= 10:
        return f"{a_second:,.0f} tasks/s"
    if a_second >= 0.1 or a_second == 0:
        return f"{a_second:.1f} tasks/s"
    return f"{a_second * _MINUTE:.1f} tasks/min"


def _two(seconds: float, large: float, large_unit: str, small: float, small_unit: str) -> str:
    parts, rest = divmod(round(seconds / small), round(large / small))
    return f"{parts:.0f} {large_unit} {rest:02.0f} {small_unit}"
