"""All levels' accounts, and the reservations in them: reserve before a call, settle after it. Pure.

A reservation is charged to several levels; all of them must have room. Whatever is reserved is, sooner or later,
settled, released (the call was never made) or booked in full (nobody will say any more what it took).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from shoal.actors.limits.account import Account
from shoal.actors.limits.amounts import Amounts, Ceiling, taken
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Settlement

_MOST_LATE = 10_000
"""Reservations that were booked in full and are remembered, in case that somebody says after all what they took."""


class Reservation(NamedTuple):
    """What is held back for one attempt."""

    id: str
    endpoint: str
    levels: tuple[str, ...]
    amounts: Amounts
    at: float


class Ledger:
    """The accounts. ``changed`` are the names of those that are not saved as they are now."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.open: dict[str, Reservation] = {}
        self.changed: set[str] = set()
        self._late: OrderedDict[str, Reservation] = OrderedDict()

    def account(self, level: str) -> Account:
        """The account of a level; a new one when it was never heard of."""
        account = self.accounts.get(level)
        if account is None:
            account = self.accounts[level] = Account(level)
        return account

    def declare(self, level: str, limit: Ceiling) -> bool:
        """A level's limits: the tightest that was ever declared counts. Returns whether that made a difference."""
        account = self.account(level)
        declared = account.declared.tightest(limit)
        if declared == account.declared:
            return False
        account.declared = declared
        self.changed.add(level)
        return True

    def set_limit(self, level: str, limit: Ceiling) -> None:
        """From now on this counts for a level, whatever is declared."""
        account = self.account(level)
        account.set_to = account.set_to.replaced_by(limit)
        self.changed.add(level)

    def refusal(self, levels: Iterable[str], want: Amounts, now: float) -> BudgetExceeded | None:
        """Why it can never fit; ``None`` while it can."""
        for level in levels:
            refusal = self.account(level).refusal(want, now)
            if refusal is not None:
                return refusal
        return None

    def full(self, levels: Iterable[str], want: Amounts) -> list[str]:
        """The levels that have no room for it now."""
        return [level for level in levels if not self.account(level).has_room(want)]

    def reserve(self, reservation: Reservation) -> None:
        """Hold back what fits everywhere."""
        self.open[reservation.id] = reservation
        for level in reservation.levels:
            self.account(level).reserve(reservation.amounts, reservation.at)
            self.changed.add(level)

    def settle(self, reservation_id: str, took: Settlement | None) -> Reservation | None:
        """A reservation becomes what it took; ``None``: all of it. Returns it; ``None`` when it is not open.

        One that was booked in full already is corrected.
        """
        reservation = self.open.pop(reservation_id, None)
        if reservation is None:
            self._correct(reservation_id, took)
            return None
        amounts = reservation.amounts if took is None else taken(took, reservation.amounts)
        for level in reservation.levels:
            self.account(level).book(reservation.amounts, amounts)
            self.changed.add(level)
        if took is None:
            self._late[reservation_id] = reservation
            if len(self._late) > _MOST_LATE:
                self._late.popitem(last=False)
        return reservation

    def release(self, reservation_id: str) -> Reservation | None:
        """A reservation was not used at all. Returns it; ``None`` when it is not open."""
        reservation = self.open.pop(reservation_id, None)
        if reservation is not None:
            for level in reservation.levels:
                account = self.account(level)
                account.reserved = account.reserved.minus(reservation.amounts)
                self.changed.add(level)
        return reservation

    def _correct(self, reservation_id: str, took: Settlement | None) -> None:
        reservation = self._late.pop(reservation_id, None) if took is not None else None
        if reservation is None or took is None:
            return
        for level in reservation.levels:
            self.account(level).correct(reservation.amounts, taken(took, reservation.amounts))
            self.changed.add(level)
