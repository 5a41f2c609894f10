"""How long a process waits for another system actor when the one it knew is gone. Pure; the clock is an argument.

The time runs from the last sign of life: when one was first seen, when one was first lost, and when one was lost that
had held a call for a while. An actor that was held on to for hours, and dies, is waited for as long as one that was
never there. One that refuses at once, again and again, is not waited for for ever: the name of a dead one may stay.
"""

from __future__ import annotations

_HELD_SHARE = 0.25
"""Of the limit: who held a call for so long lived. Calls to a dead one fail at once."""


class Patience:
    """Of one wait. Actors are told apart by their ids."""

    def __init__(self, limit_s: float, now: float) -> None:
        self._limit_s = limit_s
        self._since = now
        self._called_at = now
        self._seen: object = None
        self._lost: object = None

    def seen(self, actor: object, now: float) -> None:
        """It is there, or at least its name is, and is called now; only the first time is a sign of life."""
        self._called_at = now
        if actor != self._seen:
            self._seen, self._since = actor, now

    def lost(self, actor: object, now: float) -> None:
        """The call failed. One that is just being started may refuse a first call, and live."""
        if actor != self._lost or now - self._called_at > _HELD_SHARE * self._limit_s:
            self._lost, self._since = actor, now

    def over(self, now: float) -> bool:
        """Whether nobody is to be waited for any more."""
        return now - self._since > self._limit_s
