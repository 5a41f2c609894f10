"""A recorded history of work items: what workers asked a region about them, when, and what they were told.

Times are seconds of one clock that all workers share (``time.monotonic()`` on Linux, within one node). A claim that
found nothing is left out, and so is a request that was refused for another reason than that the claim was lost. A key
is posted once.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, NamedTuple

Action = Literal["post", "claim", "renew", "complete", "fail", "give back", "withdraw"]
ENDING: frozenset[Action] = frozenset({"complete", "fail", "give back"})
"""What a holder does to hold an item no more."""


class Event(NamedTuple):
    """One request about one item."""

    worker: str
    action: Action
    item: str
    """Its key; empty for a claim of unknown outcome."""
    called: float
    returned: float | None = None
    """``None``: the outcome is unknown."""
    token: int = 0
    """The claim's: for a claim the one that it was given."""
    done: bool = True
    """``False``: refused, the claim was lost."""
    lease_s: float = 0.0
    """What a claim or a renewal asked for."""
    result: Hashable | None = None
    """What it was completed with."""

    @property
    def certain(self) -> bool:
        """Whether it is known to have been done."""
        return self.done and self.returned is not None

    @property
    def possible(self) -> bool:
        """Whether it was done, or may have been."""
        return self.done or self.returned is None

    def describe(self) -> str:
        """On one line, for people."""
        until = "        ?" if self.returned is None else f"{self.returned:.6f}"
        outcome = "unknown outcome" if self.returned is None else "done" if self.done else "refused"
        lease = f" for {self.lease_s:g} s" if self.lease_s else ""
        token = f" with token {self.token}" if self.token else ""
        return f"{self.called:.6f} .. {until}  {self.worker} {self.action} {self.item!r}{token}{lease} -> {outcome}"


class Final(NamedTuple):
    """An item as it was when all was over."""

    state: Literal["open", "claimed", "done", "dead"]
    token: int = 0
    """Of its newest claim."""
    result: Hashable | None = None
