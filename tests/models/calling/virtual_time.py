"""An event loop whose time jumps: a test of an hour takes no time, and the same each time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from shoal.models.calling import Clock

T = TypeVar("T")
EPOCH = 1_000_000.0
"""The wall clock at the loop's 0."""


class _Selector:
    """Instead of waiting for a time, goes there."""

    def __init__(self, loop: VirtualLoop, inner: Any) -> None:
        self._loop = loop
        self._inner = inner

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return self._inner.select(timeout)
        self._loop.moment += timeout
        return self._inner.select(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its ``time`` is ``moment``, which moves only when everybody waits."""

    def __init__(self) -> None:
        self.moment = 0.0
        super().__init__(_Selector(self, selectors.DefaultSelector()))  # type: ignore[arg-type]

    def time(self) -> float:
        return self.moment


def clock() -> Clock:
    """The loop's time as callers see it."""
    now = asyncio.get_running_loop().time
    return Clock(wall=lambda: EPOCH + now(), now=now, sleep=asyncio.sleep)


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
