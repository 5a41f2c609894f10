"""What was charged and stands in no record yet: kept until somebody says that the call is recorded. Pure.

A call's record names its permits (see :class:`~shoal.models.permits.Charge`). So the charges of a run are those that
its records name and those that are left here: what a process took with it that died before it could record.
"""

from __future__ import annotations

from typing import NamedTuple

from shoal.actors.limits.amounts import Amounts


class Reservation(NamedTuple):
    """What is held back for one attempt."""

    id: str
    endpoint: str
    levels: tuple[str, ...]
    amounts: Amounts
    at: float
    model: str = ""
    about: tuple[str, ...] = ()
    """See :class:`~shoal.models.permits.Want`."""


class Unrecorded(NamedTuple):
    """A charge without a record."""

    reservation: Reservation
    amounts: Amounts
    """What was booked."""
    settled: bool
    """Whether whoever made the call said so. Else it was booked in full, and who says so later corrects it."""
    closed: bool = False
    """Whether the run was over, and no record names it: nobody will say anything more."""


class Charges:
    """Of one ledger, by the permit's id. ``changed`` are those that are not saved as they are now."""

    def __init__(self) -> None:
        self.left: dict[str, Unrecorded] = {}
        self.changed: set[str] = set()

    def add(self, charge: Unrecorded) -> None:
        """Keep it, in place of what was known before."""
        self.left[charge.reservation.id] = charge
        self.changed.add(charge.reservation.id)

    def take(self, permit: str) -> Unrecorded | None:
        """Take one out; ``None``: it is not here."""
        charge = self.left.pop(permit, None)
        if charge is not None:
            self.changed.add(permit)
        return charge

    def open_to_correction(self, permit: str) -> Unrecorded | None:
        """One whose amounts somebody may still say."""
        charge = self.left.get(permit)
        if charge is None or charge.settled or charge.closed:
            return None
        return charge
