"""The duplicate filter: the last ids an agent took, and the replies it gave to asks. Pure and bounded.

A link drops what it resends; this drops what a *sender's* rerun sends again under the same derived ids, and
answers a repeated ask from memory. What fell out of the window is handled again: at least once, as far as the
window reaches.
"""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Ids of the last ``size`` messages with what became of each; the oldest is forgotten first.

    ``weight`` (bytes, say) of all that is remembered stays under ``most_weight`` too.
    """

    __slots__ = ("_known", "_most_weight", "_size", "_weight")

    def __init__(self, size: int, most_weight: int) -> None:
        self._size = size
        self._most_weight = most_weight
        self._weight = 0
        self._known: dict[bytes, tuple[V, int]] = {}

    def __len__(self) -> int:
        return len(self._known)

    @property
    def weight(self) -> int:
        """Weight of all that is remembered."""
        return self._weight

    def get(self, message_id: bytes) -> V | None:
        """What is remembered of the id; ``None`` when it is new (or forgotten)."""
        known = self._known.get(message_id)
        return known[0] if known is not None else None

    def remember(self, message_id: bytes, value: V, weight: int = 0) -> None:
        """Note the id, or what became of it. An id that was known keeps its age."""
        known = self._known
        before = known.get(message_id)
        known[message_id] = (value, weight)
        self._weight += weight - (before[1] if before is not None else 0)
        while len(known) > self._size or self._weight > self._most_weight:
            self._weight -= known.pop(next(iter(known)))[1]
