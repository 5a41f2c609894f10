"""Time as callers see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the time comes from, and how it is waited for. Timeouts of a stream are the event loop's own."""

    wall: Callable[[], float] = time.time
    """What deadlines are in."""
    now: Callable[[], float] = time.monotonic
    """What durations are measured in."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def left_s(self, deadline: float | None) -> float | None:
        """Seconds until a deadline, negative when it passed; ``None`` when there is none."""
        return None if deadline is None else deadline - self.wall()
