"""A permit: leave for one attempt, given back once."""

from __future__ import annotations

import contextlib
from typing import Protocol

from shoal.actors.limits.amounts import believable
from shoal.models.permits import Settlement


class Giver(Protocol):
    """Who gave it."""

    def settle(self, number: int, took: Settlement | None) -> None:
        """Take it back; ``None``: nobody knows what it took, so all that was reserved."""


class Leave:
    """A :class:`~shoal.models.permits.Permit`. One that is thrown away without being settled is booked in full."""

    __slots__ = ("_giver", "_number", "_settled", "id", "waited_s")

    def __init__(self, giver: Giver, number: int, waited_s: float, id: str = "") -> None:
        """``id``: what the books know it by; empty where there are none."""
        self._giver = giver
        self._number = number
        self._settled = False
        self.id = id
        self.waited_s = waited_s

    def settle(self, took: Settlement) -> None:
        """Give back what was not used. Does not wait and does not fail; twice is once."""
        if not self._settled:
            self._settled = True
            self._giver.settle(self._number, took if believable(took) else None)

    def __del__(self) -> None:
        if not self._settled:
            self._settled = True
            with contextlib.suppress(Exception):  # its event loop may be gone already
                self._giver.settle(self._number, None)
