"""How long runs are and in which order the sides take turns.

Pure decisions. A side is run with growing counts until one run takes a fair part of the time aimed at, then
the count is set from its rate. The trial runs are its warm-up too.
"""

from __future__ import annotations

from collections.abc import Sequence

from shoal.bench.sides import Counts

GROWTH = 8.0
"""A trial is at most this many times the one before: the rate of a short run says little about a long one."""

ENOUGH = 0.4
"""A trial that took this part of the time aimed at is long enough to set the count from."""


def next_trial(count: int, took_s: float, aim_s: float, counts: Counts) -> int | None:
    """The count to try after ``count`` took ``took_s`` seconds; None when that trial was long enough.

    It never asks for a count above ``counts.most``, and stops when the count cannot grow.
    """
    if took_s >= ENOUGH * aim_s:
        return None
    grown = counts.fit(count * min(GROWTH, aim_s / took_s if took_s > 0 else GROWTH))
    if grown <= count:
        grown = counts.fit(count + counts.step)
    return grown if grown > count else None


def final_count(count: int, took_s: float, aim_s: float, counts: Counts) -> int:
    """The count whose run should last ``aim_s`` seconds, from the last trial's."""
    return counts.fit(count * aim_s / took_s) if took_s > 0 else counts.fit(count)


def turn_order(keys: Sequence[str], round_number: int) -> list[str]:
    """The sides' order in a round: every other one runs backwards, each pair of rounds starts one later.

    So no side always comes first (when the machine is warm from nothing) or always follows the same other.
    """
    if not keys:
        return []
    shift = round_number // 2 % len(keys)
    turned = [*keys[shift:], *keys[:shift]]
    return turned[::-1] if round_number % 2 else turned
