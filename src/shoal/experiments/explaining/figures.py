"""Figures as people read them: time spans, money, tokens. Pure."""

from __future__ import annotations

from shoal.runtime.journal.pages import duration


def span_text(seconds: float | None) -> str:
    """A time span in three or four digits: ``340 µs``, ``12.4 ms``, ``3.42 s``, ``2 min 5 s``."""
    if seconds is None:
        return "?"
    seconds = max(0.0, seconds)
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1000:.{1 if seconds < 0.1 else 0}f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else duration(seconds)


def offset_text(seconds: float) -> str:
    """How far into a task, in seconds: ``0.004``, ``12.35``."""
    return (
        f"{seconds:.3f}"
        if abs(seconds) < 10
        else f"{seconds:.2f}"
        if abs(seconds) < 1000
        else f"{seconds:.0f}"
    )


def tokens_text(given: int, taken: int) -> str:
    """Tokens in and out, ``1,204→312``; empty for none."""
    return f"{short_count(given)}→{short_count(taken)}" if given or taken else ""


def short_count(count: int) -> str:
    """A count in five letters at most, ``9,999``, ``12.3k``, ``4.5M``."""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:.1f}k" if count < 1_000_000 else f"{count / 1e6:.1f}M"


def usd_text(usd: float, *, priced: bool = True) -> str:
    """Money, ``$0.0123``; with ``+`` where a price is not known; empty for none."""
    mark = "" if priced else "+"
    if not usd:
        return "$?" if not priced else ""
    return f"${usd:.2f}{mark}" if usd >= 1 else f"${usd:.4f}{mark}" if usd >= 0.0001 else f"${usd:.1e}{mark}"


def many(count: int, noun: str) -> str:
    """``1 message``, ``12 messages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
