"""Scorers of these tests that take their time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

MANY = 3
begun: list[Any] = []
let_go = threading.Event()
_barriers: dict[asyncio.AbstractEventLoop, asyncio.Barrier] = {}


async def together(output: Any, expected: Any) -> float:
    """Comes to an end where three answers are judged side by side."""
    barrier = _barriers.setdefault(asyncio.get_running_loop(), asyncio.Barrier(MANY))
    await barrier.wait()
    return 0.5


def only_the_first(output: Any, expected: Any) -> float:
    """Judges one answer, and the others once it is let go."""
    begun.append(output)
    if len(begun) > 1:
        let_go.wait()
    return 0.5


async def only_the_first_waiting(output: Any, expected: Any) -> float:
    """The same as a coroutine."""
    begun.append(output)
    if len(begun) > 1 and not let_go.is_set():
        await asyncio.Event().wait()
    return 0.5


def raises(output: Any, expected: Any) -> float:
    """A broken one."""
    raise RuntimeError("bad")


def nothing(output: Any, expected: Any) -> None:
    """One that judges nothing."""
