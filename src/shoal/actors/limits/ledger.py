"""All levels' accounts, the reservations in them, and the charges that no record names yet: reserve before a call,
settle after it, and say when it is recorded. Pure.

A reservation is charged to several levels; all of them must have room. Whatever is reserved is, sooner or later,
settled, released (the call was never made) or booked in full (nobody will say any more what it took). What is spent on
a level is, at any time, what was recorded plus what is in ``charges``.
"""

from __future__ import annotations

from collections.abc import Iterable

from shoal.actors.limits.account import Account
from shoal.actors.limits.amounts import NOTHING, Amounts, Ceiling, charged, taken
from shoal.actors.limits.charges import Charges, Reservation, Unrecorded
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Charge, Settlement


class Ledger:
    """The accounts. ``changed`` are the names of those that are not saved as they are now."""

    def __init__(self, *, keeps_charges: bool = True) -> None:
        """Without ``keeps_charges`` nobody asks what is recorded: for one process, which dies with its ledger."""
        self.accounts: dict[str, Account] = {}
        self.open: dict[str, Reservation] = {}
        self.charges = Charges()
        self.changed: set[str] = set()
        self._keeps_charges = keeps_charges

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

    def begin(self, level: str, now: float) -> bool:
        """A level is in use from now on. Returns whether it was not before."""
        account = self.account(level)
        if account.began is not None:
            return False
        account.began = now
        self.changed.add(level)
        return True

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

    def settle(self, permit: str, took: Settlement | None) -> Reservation | None:
        """A reservation becomes what it took; ``None``: all of it. Returns it; ``None`` when it is not open.

        One that was booked in full already is corrected.
        """
        reservation = self.open.get(permit)
        if reservation is None:
            booked = self.charges.open_to_correction(permit)
            if booked is not None and took is not None:
                amounts = taken(took, booked.reservation.amounts)
                self._correct(booked, amounts)
                self.charges.add(booked._replace(amounts=amounts, settled=True))
            return None
        amounts = reservation.amounts if took is None else taken(took, reservation.amounts)
        self._book(reservation, amounts)
        if self._keeps_charges:
            self.charges.add(Unrecorded(reservation, amounts, settled=took is not None))
        return reservation

    def release(self, permit: str) -> Reservation | None:
        """A reservation was not used at all. Returns it; ``None`` when it is not open.

        One that was booked in full already is taken back.
        """
        reservation = self.open.pop(permit, None)
        if reservation is None:
            self.take_back(permit)
            return None
        for level in reservation.levels:
            account = self.account(level)
            account.reserved = account.reserved.minus(reservation.amounts)
            self.changed.add(level)
        return reservation

    def take_back(self, permit: str) -> None:
        """Nothing was sent by a permit that was booked in full, for want of better knowledge."""
        booked = self.charges.open_to_correction(permit)
        if booked is not None:
            self._correct(booked, NOTHING)
            self.charges.take(permit)

    def record(self, charge: Charge) -> Reservation | None:
        """A record names the permit: it says what the call took, and the charge is no concern of ours any more.

        Returns the reservation that was open still. Twice is once.
        """
        reservation = self.open.get(charge.permit)
        if reservation is not None:
            self._book(reservation, charged(charge, reservation.amounts))
            return reservation
        booked = self.charges.take(charge.permit)
        if booked is not None:
            self._correct(booked, charged(charge, booked.reservation.amounts))
        return None

    def close(self, permits: Iterable[str]) -> None:
        """Nobody will say anything more of these charges."""
        for permit in permits:
            charge = self.charges.left[permit]
            if not charge.closed:
                self.charges.add(charge._replace(closed=True))

    def _book(self, reservation: Reservation, amounts: Amounts) -> None:
        del self.open[reservation.id]
        for level in reservation.levels:
            self.account(level).book(reservation.amounts, amounts)
            self.changed.add(level)

    def _correct(self, booked: Unrecorded, amounts: Amounts) -> None:
        if amounts == booked.amounts:
            return
        for level in booked.reservation.levels:
            self.account(level).correct(booked.amounts, amounts)
            self.changed.add(level)
