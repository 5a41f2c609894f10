"""What budgets count, in whole numbers, so that sums are exact: tokens, billionths of a dollar, calls and steps."""

from __future__ import annotations

import math
from typing import NamedTuple

from shoal.models.money import NANO, NOISE, nano_usd
from shoal.models.permits import Budget, Charge, Settlement, Want
from shoal.runtime.errors import ConfigError


class Amounts(NamedTuple):
    """What is reserved or spent. ``nano_usd``: billionths of a US dollar."""

    tokens: int = 0
    nano_usd: int = 0
    calls: int = 0
    steps: int = 0

    def plus(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(
            self.tokens + other.tokens,
            self.nano_usd + other.nano_usd,
            self.calls + other.calls,
            self.steps + other.steps,
        )

    def minus(self, other: Amounts) -> Amounts:
        """This without the other."""
        return Amounts(
            self.tokens - other.tokens,
            self.nano_usd - other.nano_usd,
            self.calls - other.calls,
            self.steps - other.steps,
        )


class Ceiling(NamedTuple):
    """A budget in the same units; ``None``: no limit. ``wall_s``: from the first use on, without
    pauses of the run."""

    tokens: int | None = None
    nano_usd: int | None = None
    calls: int | None = None
    steps: int | None = None
    wall_s: float | None = None

    def tightest(self, other: Ceiling) -> Ceiling:
        """Of each limit the smaller one."""
        return Ceiling(*(_smaller(a, b) for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def replaced_by(self, other: Ceiling) -> Ceiling:
        """The other's limits where it has one, else these."""
        return Ceiling(*(a if b is None else b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]


NOTHING = Amounts()
UNLIMITED = Ceiling()


def check_want(want: Want) -> None:
    """Raise ``ConfigError`` for amounts that cannot be: a negative one would make room that is not there."""
    whole = all(isinstance(amount, int) and amount >= 0 for amount in (want.tokens, want.steps))
    if not whole or not 0 <= want.usd < math.inf:
        raise ConfigError(
            f"a call to {want.endpoint} wants {want.tokens!r} tokens, {want.usd!r} dollars and {want.steps!r} steps; "
            "each must be a number from 0, tokens and steps whole ones"
        )


def believable(took: Settlement) -> bool:
    """Whether an attempt can have taken that. What cannot be is booked as the most it may have taken."""
    return isinstance(took.tokens, int) and took.tokens >= 0 and 0 <= took.usd < math.inf


def wanted(want: Want) -> Amounts:
    """The most that an attempt may take: what is reserved for it."""
    return Amounts(want.tokens, nano_usd(want.usd), 1, want.steps)


def taken(took: Settlement, reserved: Amounts) -> Amounts:
    """What an attempt took; that it was made, and begins its steps, does not change."""
    return Amounts(took.tokens, nano_usd(took.usd), reserved.calls, reserved.steps)


def charged(charge: Charge, reserved: Amounts) -> Amounts:
    """As :func:`taken`, by the record of a call."""
    return Amounts(charge.tokens, charge.nano_usd, reserved.calls, reserved.steps)


def ceiling(budget: Budget | None) -> Ceiling:
    """A budget in whole numbers; its money is rounded down."""
    if budget is None:
        return UNLIMITED
    usd = None if budget.usd is None else math.floor(budget.usd * NANO + NOISE)
    return Ceiling(budget.tokens, usd, budget.calls, budget.steps, budget.wall_s)


def _smaller(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)
