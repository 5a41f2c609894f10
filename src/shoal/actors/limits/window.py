"""How much went in the last minute. Pure.

The rule: in any 60 seconds there is never more than the limit; all of it may go at once. Counted in slots of a
second, each of which is remembered until its last moment is 60 seconds old, so a full minute's worth comes back after
60 to 61 seconds. 62 slots are held at most, however high the limit.
"""

from __future__ import annotations

from collections import deque

MINUTE_S = 60


class Window:
    """Requests and tokens of the last minute."""

    __slots__ = ("calls", "slots", "tokens")

    def __init__(self) -> None:
        self.slots: deque[tuple[int, int, int]] = deque()
        """Second, requests and tokens in it; oldest first."""
        self.calls = 0
        self.tokens = 0

    def forget(self, now: float) -> None:
        """Let go of what is older than a minute."""
        while self.slots and self.slots[0][0] + 1 + MINUTE_S <= now:
            _, calls, tokens = self.slots.popleft()
            self.calls -= calls
            self.tokens -= tokens

    def add(self, tokens: int, now: float) -> None:
        """One request goes now."""
        second, calls, before = int(now), 0, 0
        if self.slots and self.slots[-1][0] >= second:  # also when the clock was set back
            second, calls, before = self.slots.pop()
        self.slots.append((second, calls + 1, before + tokens))
        self.calls += 1
        self.tokens += tokens

    def has_room(self, tokens: int, rpm: int | None, tpm: int | None) -> bool:
        """Whether one more request with so many tokens fits."""
        return (rpm is None or self.calls < rpm) and (tpm is None or self.tokens + tokens <= tpm)

    def next_at(self) -> float | None:
        """When the oldest of it is forgotten."""
        return self.slots[0][0] + 1.0 + MINUTE_S if self.slots else None
