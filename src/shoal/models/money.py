"""Money in whole numbers, so that sums are exact: billionths of a US dollar."""

from __future__ import annotations

import math

NANO = 1_000_000_000
"""Billionths in a dollar: a token of a cheap model costs some fifty of them."""
NOISE = 1e-3
"""Of a billionth: what a float's rounding may add to an amount that was meant to be whole."""


def nano_usd(usd: float) -> int:
    """Billionths of a dollar, rounded up: what costs anything is never booked as nothing."""
    return math.ceil(usd * NANO - NOISE)
