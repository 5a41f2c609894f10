"""How many restarts are too many: OTP's restart intensity. Pure: the clock is an argument.

The rule is that of ``add_restart`` in OTP's ``supervisor``: restarts no older than the period are kept, the new one
is added, and more than ``intensity`` of them are too many. OTP counts whole seconds; here the clock is as fine as
its reader's.
"""

from __future__ import annotations

from collections import deque


class RestartWindow:
    """The restarts of the last ``period_s`` seconds."""

    def __init__(self, intensity: int, period_s: float) -> None:
        self.intensity = intensity
        self.period_s = period_s
        self._restarts: deque[float] = deque()

    def add(self, now: float) -> bool:
        """Count a restart at ``now`` (monotonic seconds); ``False`` when it is one too many."""
        while self._restarts and self._restarts[0] < now - self.period_s:
            self._restarts.popleft()
        self._restarts.append(now)
        return len(self._restarts) <= self.intensity

    def __len__(self) -> int:
        """Restarts counted and not yet forgotten."""
        return len(self._restarts)
