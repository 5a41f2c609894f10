"""One level's account: its limits, what is reserved in it and what was spent. Pure; the clock is an argument."""

from __future__ import annotations

from typing import Any

from shoal.actors.limits.amounts import NOTHING, UNLIMITED, Amounts, Ceiling
from shoal.models.errors import BudgetExceeded
from shoal.models.money import NANO

_UNITS = {"tokens": "tokens", "nano_usd": "US dollars", "calls": "calls", "steps": "steps"}


class Account:
    """Of one level. ``reserved`` is the sum of its open reservations, ``spent`` that of the settled ones."""

    __slots__ = ("_declared", "_set_to", "began", "limit", "name", "over", "reserved", "spent")

    def __init__(self, name: str) -> None:
        self.name = name
        self._declared: Ceiling = UNLIMITED
        self._set_to: Ceiling = UNLIMITED
        self.limit: Ceiling = UNLIMITED
        """The limits in force."""
        self.reserved: Amounts = NOTHING
        self.spent: Amounts = NOTHING
        self.over = 0
        """Calls that took more than the most that was stated for them."""
        self.began: float | None = None
        """When it was first used, moved on by the time in which nobody worked on the run."""

    @property
    def declared(self) -> Ceiling:
        """The tightest of all that was declared."""
        return self._declared

    @declared.setter
    def declared(self, limit: Ceiling) -> None:
        self._declared = limit
        self.limit = limit.replaced_by(self._set_to)

    @property
    def set_to(self) -> Ceiling:
        """What somebody set while it ran: it counts instead of what is declared."""
        return self._set_to

    @set_to.setter
    def set_to(self, limit: Ceiling) -> None:
        self._set_to = limit
        self.limit = self._declared.replaced_by(limit)

    @property
    def ends_at(self) -> float | None:
        """The second after which nothing more is given; ``None``: not begun, or no limit of time."""
        wall_s = self.limit.wall_s
        return None if wall_s is None or self.began is None else self.began + wall_s

    def has_room(self, want: Amounts) -> bool:
        """Whether it fits beside what is spent and what is reserved."""
        limit = self.limit
        if limit == UNLIMITED:
            return True
        held = self.spent.plus(self.reserved).plus(want)
        return all(
            most is None or now <= most or not more
            for now, more, most in zip(held, want, limit[:4], strict=True)
        )

    def refusal(self, want: Amounts, now: float) -> BudgetExceeded | None:
        """Why it can never fit, however little the open calls take; ``None`` while it can."""
        if self.limit == UNLIMITED:
            return None
        ends_at = self.ends_at
        if ends_at is not None and now >= ends_at:
            return self._time_is_up(now)
        after = self.spent.plus(want)
        for field, total, more, most in zip(Amounts._fields, after, want, self.limit[:4], strict=True):
            if most is not None and more and total > most:
                return self._exceeded(field, more, int(most))
        return None

    def reserve(self, want: Amounts, now: float) -> None:
        """Hold it back."""
        if self.began is None:
            self.began = now
        self.reserved = self.reserved.plus(want)

    def book(self, reserved: Amounts, took: Amounts) -> None:
        """A reservation becomes what it took."""
        self.reserved = self.reserved.minus(reserved)
        self.spent = self.spent.plus(took)
        self.over += exceeds(took, reserved)

    def correct(self, booked: Amounts, took: Amounts) -> None:
        """What was booked in full, since nobody said what it took, took something else."""
        self.spent = self.spent.minus(booked).plus(took)
        self.over += exceeds(took, booked)

    def _exceeded(self, field: str, more: int, most: int) -> BudgetExceeded:
        spent, reserved = getattr(self.spent, field), getattr(self.reserved, field)
        limit = _plain(field, most)
        left = _plain(field, max(0, most - spent - reserved))
        details: dict[str, Any] = {
            "level": self.name, "what": "usd" if field == "nano_usd" else field, "wanted": _plain(field, more),
            "limit": limit, "left": left, "spent": _plain(field, spent), "reserved": _plain(field, reserved),
        }  # fmt: skip
        return BudgetExceeded(
            f"budget of {self.name}: the call may take {_said(details['wanted'])} {_UNITS[field]}, and of "
            f"{_said(limit)} there are {_said(left)} left ({_said(details['spent'])} spent, "
            f"{_said(details['reserved'])} reserved by open calls): raise the budget, or ask for less",
            **details,
        )

    def _time_is_up(self, now: float) -> BudgetExceeded:
        wall_s, began = self.limit.wall_s or 0.0, self.began if self.began is not None else now
        return BudgetExceeded(
            f"budget of {self.name}: its {wall_s:g} s are over; it was first used {now - began:.1f} s ago, "
            "pauses of the run not counted",
            level=self.name, what="wall_s", wanted=0.0, limit=wall_s, left=0.0, spent=now - began, reserved=0.0,
        )  # fmt: skip


def exceeds(took: Amounts, reserved: Amounts) -> bool:
    """Whether more was taken than was said to be the most."""
    return any(a > b for a, b in zip(took, reserved, strict=True))


def _plain(field: str, amount: int) -> float:
    return amount / NANO if field == "nano_usd" else amount


def _said(amount: float) -> str:
    return f"{amount:,}" if isinstance(amount, int) else f"{amount:,.9f}".rstrip("0").rstrip(".")
