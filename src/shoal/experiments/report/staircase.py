"""Figures that grow over time, thinned so that a picture of them stays small. Pure."""

from __future__ import annotations

Moment = tuple[float, ...]
"""A time, and figures at it."""

KEPT = 400


class Staircase:
    """Fed with moments in any number, by time; keeps every second one once there are too many, and the last."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._stride = 1
        self._seen = 0
        self._kept: list[Moment] = []
        self._last: Moment | None = None

    def add(self, moment: Moment) -> None:
        """One more."""
        if self._seen % self._stride == 0:
            self._kept.append(moment)
            if len(self._kept) > 2 * self._most:
                del self._kept[1::2]
                self._stride *= 2
        self._seen += 1
        self._last = moment

    def moments(self) -> list[Moment]:
        """Those that were kept, by time."""
        kept = list(self._kept)
        if self._last is not None and kept[-1] != self._last:
            kept.append(self._last)
        return kept
